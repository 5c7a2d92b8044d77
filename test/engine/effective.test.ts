/** What was asked for beside what the real engine gave, and a change that waits for a real stream. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { EffectiveRow } from '../../src/contracts/changes.ts';
import { collect, eventsOf, startEngineApp } from '../support/engine-app.ts';
import type { EngineApp } from '../support/engine-app.ts';
import { tinyModel } from '../support/gguf.ts';

let engine: EngineApp;
beforeAll(async () => {
  engine = await startEngineApp(async (models) => {
    for (const id of ['alpha', 'beta']) await tinyModel(models, `${id}.gguf`);
  });
});
afterAll(() => engine.stop());

const rowsOf = (id: string): Record<string, EffectiveRow> =>
  Object.fromEntries(engine.app.services.models.effective(id).map((row) => [row.key, row]));

it('shows each parameter with where it comes from and what the engine says', async () => {
  const { models, presets, config } = engine.app.services;
  await config.update({ contextSize: 1024 }, 'test');
  await presets.save('default', 'version = 1\n[*]\nparallel = 2\n[alpha]\nbatch-size = 256\n', 'test');
  await models.update('alpha', { parameters: { threads: 1, 'gpu-layers': 'all' } }, 'test');
  expect(rowsOf('alpha')).toMatchObject({
    'ctx-size': { requested: 1024, source: 'config', effective: null, told: null, differs: false },
    parallel: { requested: '2', source: 'preset [*]' },
    'batch-size': { requested: '256', source: 'preset section' },
    threads: { requested: 1, source: 'record' },
  });
  await models.load('alpha', 'test');
  await vi.waitFor(() =>
    expect(rowsOf('alpha')).toMatchObject({
      'ctx-size': { requested: 1024, effective: 1024, told: 'engine', differs: false },
      parallel: { requested: '2', effective: 2, told: 'engine', differs: false },
      'batch-size': { requested: '256', effective: '256', told: 'command line', differs: false },
      threads: { requested: 1, effective: 1, told: 'engine', differs: false },
    }),
  );
  expect(engine.app.services.models.effective('alpha').filter(({ differs }) => differs)).toEqual([]);
});

it('exchanges a model between two requests, and no client notices', async () => {
  const { models } = engine.app.services;
  const [alpha, beta] = [await models.load('alpha', 'test'), await models.load('beta', 'test')];
  const ask = () =>
    engine.post('/v1/chat/completions', {
      model: 'alpha',
      stream: true,
      max_tokens: 400,
      messages: [{ role: 'user', content: 'hello' }],
    });
  const answer = async (): Promise<void> => {
    const response = await ask();
    expect(response.status).toBe(200);
    const events = await collect(eventsOf(response));
    expect(events.at(-1)).toBe('[DONE]');
    expect(JSON.stringify(events)).not.toContain('"error"');
  };
  let pid = alpha.pid;
  // The engine rounds the context of each slot up, so that what was asked for is not always what is given.
  for (const [context, effective] of [
    [512, 512],
    [768, 1024],
    [2048, 2048],
  ] as const) {
    await models.update('alpha', { ctx_size: context }, 'test');
    // A client that never pauses: its next request comes in the very moment in which the model is found idle.
    while (engine.model('alpha').pid === pid) await answer();
    await answer();
    const again = await engine.until('alpha', ({ state }) => state === 'loaded');
    expect(again.pid).not.toBe(pid);
    pid = again.pid;
    expect(again.pendingChange).toBe(false);
    // It says so from a thread of its own, perhaps after it has said that it is ready.
    await vi.waitFor(() =>
      expect(rowsOf('alpha')['ctx-size']).toMatchObject({
        requested: context,
        effective,
        told: 'engine',
        differs: context !== effective,
      }),
    );
  }
  expect(engine.model('beta').pid).toBe(beta.pid);
});
