/** One thought of a session through the real router and llama-server, and an upload over the real server. */
import { afterEach, expect, it } from 'vitest';
import type { SessionFileView } from '../../src/contracts/sessions.ts';
import { createMind } from '../../src/io/sessions/ask-mind.ts';
import type { Thought } from '../../src/io/sessions/mind.ts';
import { startEngineApp } from '../support/engine-app.ts';
import type { EngineApp } from '../support/engine-app.ts';
import { tinyModel } from '../support/gguf.ts';

/** Each character of the prompt is a token of the written model. */
const TIMEOUT = 180_000;
let engine: EngineApp | null = null;
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

const heard: string[] = [];
const think = ({ app }: EngineApp): Promise<Thought> =>
  createMind({
    models: app.services.models.list,
    find: app.services.models.find,
    nearest: app.services.models.nearest,
    routerUrl: () => app.routerUrl,
    ...{ key: 'unused', env: {}, picture: () => Promise.resolve(null) },
    settings: () => ({ model: '', endpoint: '', endpointKeyVariable: '' }),
  })(
    {
      entries: [{ seq: 0, at: 0, kind: 'instruction', text: 'Open the shop.', who: 'Ana', files: [] }],
      ...{ files: [], page: null, sights: [], stepsLeft: 5, model: null, repair: null },
    },
    { signal: AbortSignal.timeout(170_000), onWaiting: (words) => heard.push(words), onWords: () => undefined },
  );
const call = { name: 'navigate', arguments: { url: 'https://shop.example/' } };

it(
  'calls a tool as the engine reads it from the template',
  async () => {
    engine = await startEngineApp((folder) =>
      tinyModel(folder, 'alpha.gguf', { toolCall: call, contextLength: 32_768 }),
    );
    const thought = await think(engine);
    expect(heard).toContain('the model alpha is being loaded');
    expect(thought).toMatchObject({
      call: { tool: 'navigate', arguments: call.arguments },
      problem: null,
      model: 'alpha',
    });
    expect(thought.usage.inputTokens).toBeGreaterThan(1000);
    expect(thought.usage.outputTokens).toBeGreaterThan(0);
  },
  TIMEOUT,
);

it(
  'calls a tool in its text when its template knows none',
  async () => {
    const sentence = `<tool_call>${JSON.stringify(call)}</tool_call>`;
    engine = await startEngineApp((folder) => tinyModel(folder, 'beta.gguf', { sentence, contextLength: 32_768 }));
    expect(await think(engine)).toMatchObject({ call: { tool: 'navigate', arguments: call.arguments }, model: 'beta' });
  },
  TIMEOUT,
);

it('takes an upload that a session can use, also after a restart', async () => {
  engine = await startEngineApp((folder) => tinyModel(folder));
  const body = new FormData();
  body.append('file', new Blob(['the list']), 'list.txt');
  const response = await fetch(`${engine.app.url}/api/sessions/files`, { method: 'POST', body });
  expect(response.status).toBe(201);
  const { data } = (await response.json()) as { data: { file: SessionFileView } };
  await engine.restart();
  expect(engine.app.services.sessions.files('shared', 10)).toEqual([data.file]);
  const back = await fetch(`${engine.app.url}${data.file.url}`);
  expect(await back.text()).toBe('the list');
});
