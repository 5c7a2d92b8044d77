/** llama.cpp's router mode and llama-swap's paths against the real engine, as their scripts use them. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { DEMO_SENTENCE } from '../../../src/io/gguf/demo-model.ts';
import { ggufBytes, startHubServer } from '../../support/hub-server.ts';
import type { HubServer } from '../../support/hub-server.ts';
import { startClientModels } from '../../support/client-models.ts';
import type { EngineApp } from '../../support/engine-app.ts';

let app: EngineApp;
let hub: HubServer;
beforeAll(async () => {
  hub = await startHubServer({ 'maker/new-GGUF': { files: { 'new-Q4_K_M.gguf': ggufBytes(300_000) } } });
  app = await startClientModels({ env: { ...process.env, HF_ENDPOINT: hub.url } });
});
afterAll(async () => {
  await app.stop();
  await hub.close();
});

const ask = async (path: string, init?: RequestInit): Promise<Record<string, unknown>> => {
  const response = await fetch(app.app.routerUrl + path, init);
  return (await response.json()) as Record<string, unknown>;
};
const post = (path: string, body: unknown) => ask(path, { method: 'POST', body: JSON.stringify(body) });

it('loads, watches and unloads like llama.cpp’s router', async () => {
  expect(await ask('/props')).toMatchObject({
    role: 'router',
    build_info: expect.stringMatching(/^llamactor /) as string,
  });
  const leaving = new AbortController();
  const events = await fetch(`${app.app.routerUrl}/models/sse`, { signal: leaving.signal });
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of events.body ?? []) text += decoder.decode(chunk, { stream: true });
  };
  read().catch(() => undefined);
  expect(await post('/models/load', { model: 'tiny' })).toEqual({ success: true });
  await vi.waitFor(() => expect(text).toContain('"status":"loaded"'), { timeout: 20_000 });
  const { data } = (await ask('/models')) as { data: { id: string; status: { value: string } }[] };
  expect(data.find(({ id }) => id === 'tiny')?.status.value).toBe('loaded');
  expect(await ask('/props?model=tiny')).toMatchObject({ total_slots: expect.any(Number) as number });
  expect(await ask('/slots?model=tiny')).toMatchObject([{ id: 0 }, {}, {}, {}]);
  expect(await ask('/lora-adapters?model=tiny')).toEqual([]);
  const { tokens } = (await post('/tokenize', { model: 'tiny', content: 'Hello!' })) as { tokens: number[] };
  expect(await post('/detokenize', { model: 'tiny', tokens })).toMatchObject({ content: 'Hello!' });
  const messages = [{ role: 'user', content: 'x' }];
  expect(await post('/apply-template', { model: 'tiny', messages })).toEqual({ prompt: 'user\nx\nassistant\n' });
  expect(await post('/completion', { model: 'tiny', prompt: 'x' })).toMatchObject({ content: DEMO_SENTENCE });
  expect(await post('/infill', { model: 'tiny', input_prefix: 'a', input_suffix: 'b' })).toMatchObject({
    error: { code: 'not_supported' },
  });
  expect(await post('/models/unload', { model: 'tiny' })).toEqual({ success: true });
  await app.until('tiny', ({ state }) => state === 'unloaded');
  await vi.waitFor(() => expect(text).toMatch(/"status":"unloaded","exit_code":0/));
  leaving.abort();
});

it('reaches, lists and unloads like llama-swap, and shows the log as it is written', async () => {
  const leaving = new AbortController();
  const log = await fetch(`${app.app.routerUrl}/logs/stream/proxy?no-history`, { signal: leaving.signal });
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of log.body ?? []) text += decoder.decode(chunk, { stream: true });
  };
  read().catch(() => undefined);
  const { lastUsedAt } = app.model('tiny');
  expect(await ask('/upstream/tiny/v1/models')).toMatchObject({ object: 'list' });
  await vi.waitFor(() => expect(text).toContain('tiny is loaded.'));
  expect(await ask('/running')).toMatchObject({ running: [{ model: 'tiny', state: 'ready' }] });
  // Looking is not using.
  expect(app.model('tiny').lastUsedAt).toBe(lastUsedAt);
  expect(await (await fetch(`${app.app.routerUrl}/unload`)).text()).toBe('OK');
  expect(app.model('tiny').state).toBe('unloaded');
  expect(await ask('/running')).toEqual({ running: [] });
  expect(await (await fetch(`${app.app.routerUrl}/logs`)).text()).toContain('tiny is unloaded.');
  leaving.abort();
});

it('pulls from the hub and tells the progress in lines, and says in the last line why it cannot', async () => {
  const pull = async (model: string): Promise<Record<string, unknown>[]> => {
    const response = await fetch(`${app.app.routerUrl}/api/pull`, { method: 'POST', body: JSON.stringify({ model }) });
    const text = await response.text();
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  expect((await pull('hf.co/maker/new-GGUF:Q4_K_M')).at(-1)).toEqual({ status: 'success' });
  await vi.waitFor(async () => expect(JSON.stringify(await ask('/models'))).toContain('new-Q4_K_M'));
  expect((await pull('maker/none-GGUF')).at(-1)).toMatchObject({ error: expect.any(String) as string });
});
