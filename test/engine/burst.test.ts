/** Many clients that arrive at the same moment: with its default threads the engine makes ten new connections wait 5 s. */
import { expect, it, onTestFinished } from 'vitest';
import { startEngineApp } from '../support/engine-app.ts';
import { tinyModel } from '../support/gguf.ts';

/** Far below the stall and far above what even a busy machine needs. */
const LATEST_MS = 1500;

it.each([10, 40])(
  '%i new clients at once on a model that was just loaded are all answered without a stall',
  async (clients) => {
    const engine = await startEngineApp((folder) => tinyModel(folder, 'tiny.gguf'));
    onTestFinished(() => engine.stop());
    await engine.app.services.models.load('tiny', 'test');
    const ask = async (): Promise<number> => {
      const startedAt = performance.now();
      const messages = [{ role: 'user', content: 'Who are you?' }];
      const response = await engine.post('/v1/chat/completions', { model: 'tiny', messages, max_tokens: 1 });
      expect(response.status).toBe(200);
      await response.arrayBuffer();
      return performance.now() - startedAt;
    };
    const times = await Promise.all(Array.from({ length: clients }, ask));
    expect(Math.max(...times)).toBeLessThan(LATEST_MS);
  },
);
