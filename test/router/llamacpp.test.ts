import { expect, test, vi } from 'vitest';
import { call, errorOf } from './support/client.ts';
import { answerCall, succeed } from './support/control-plane.ts';
import { fakeEngine } from './support/fake-engine.ts';
import { startRouter } from './support/harness.ts';
import { loadedRoute, routeOf } from './support/routes.ts';

const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;
const failed = { code: 'UPSTREAM_FAILED' as const, message: 'It is broken.', retryAfter: null };

/** The events of `GET /models/sse` as they come. */
const listen = async (url: string): Promise<{ events(): Record<string, unknown>[]; leave(): void }> => {
  const leaving = new AbortController();
  const response = await fetch(`${url}/models/sse`, { signal: leaving.signal });
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  };
  read().catch(() => undefined);
  return {
    events: () =>
      text
        .split('\n\n')
        .filter((event) => event.startsWith('data: '))
        .map((event) => json(event.slice(6))),
    leave: () => leaving.abort(),
  };
};

test('the list has llama.cpp’s words, and no folder of this machine', async () => {
  const parameters = { 'ctx-size': 256, embeddings: true, lora: '/home/me/secret/a.gguf' };
  const { url } = await startRouter({
    routes: [
      loadedRoute('alpha', { socketPath: '/nowhere' }, { parameters }),
      routeOf('beta', { state: 'error', failure: failed }),
      routeOf('gamma', { state: 'stopping' }),
    ],
  });
  const { text } = await call(`${url}/models`);
  expect(text).not.toContain('secret');
  const { data } = json(text) as { data: Record<string, unknown>[] };
  expect(data[0]).toMatchObject({
    id: 'alpha',
    object: 'model',
    source: 'models_dir',
    can_remove: true,
    status: {
      value: 'loaded',
      args: [
        'llama-server',
        '--alias',
        'alpha',
        '--ctx-size',
        '256',
        '--embeddings',
        '--lora',
        'a.gguf',
        '--model',
        'alpha.gguf',
      ],
      preset: '[alpha]\nctx-size = 256\nembeddings = true\nlora = a.gguf\n',
    },
  });
  expect(data[1]).toMatchObject({
    status: { value: 'unloaded', failed: true, exit_code: 1, message: 'It is broken.' },
  });
  expect(data[2]).toMatchObject({ status: { value: 'unloaded' } });
});

test('reload=1 scans before it lists', async () => {
  const harness = await startRouter();
  const asked = call(`${harness.url}/models?reload=1`);
  await harness.nth('call', 1);
  harness.routes(routeOf('new'));
  expect(await answerCall(harness, 1, succeed({}))).toMatchObject({ command: 'models:scan' });
  expect((json((await asked).text)['data'] as { id: string }[]).map(({ id }) => id)).toEqual(['new']);
});

test('load and unload answer at once, and refuse what is so already', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha'), loadedRoute('beta', { socketPath: '/nowhere' })] });
  const post = (path: string, model: unknown) => call(harness.url + path, { body: { model } });
  expect(json((await post('/models/load', 'alpha.gguf')).text)).toEqual({ success: true });
  expect(await harness.nth('call', 1)).toMatchObject({ command: 'models:load', payload: { modelId: 'alpha' } });
  expect(json((await post('/models/unload', 'beta')).text)).toEqual({ success: true });
  expect(await harness.nth('call', 2)).toMatchObject({ command: 'models:unload', payload: { modelId: 'beta' } });
  const refusals = await Promise.all([
    post('/models/load', 'beta'),
    post('/models/unload', 'alpha'),
    post('/models/load', 'gamma'),
    post('/models/load', 5),
    call(`${harness.url}/models/load`, { body: '{' }),
  ]);
  expect(refusals.map(({ status }) => status)).toEqual([400, 400, 404, 400, 400]);
  expect(errorOf(refusals[0] as never).message).toBe('beta is already running.');
  // What goes wrong after the answer is told by the log.
  const error = { code: 'DOES_NOT_FIT', message: 'Too large.' } as const;
  await answerCall(harness, 1, { ok: false, error });
  expect(await harness.nth('log', 1)).toMatchObject({ message: 'alpha was not loaded: Too large.' });
});

test('events tell states, progress, failures and what comes and goes', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha')] });
  const stream = await listen(harness.url);
  harness.routes(routeOf('alpha', { state: 'loading', progress: 0 }));
  harness.routes(routeOf('alpha', { state: 'loading', progress: 50 }));
  harness.routes(loadedRoute('alpha', { socketPath: '/nowhere' }));
  harness.routes(routeOf('alpha', { state: 'stopping' }));
  harness.routes(routeOf('alpha'));
  harness.routes(routeOf('alpha', { state: 'error', failure: failed }));
  harness.routes(routeOf('beta'));
  harness.tell({ type: 'routes', changed: [], removed: ['beta'] });
  const changed = (data: object) => ({ model: 'alpha', event: 'status_change', data });
  await vi.waitFor(() => expect(stream.events()).toHaveLength(12));
  expect(stream.events()).toMatchObject([
    { model: 'alpha', event: 'model_status', data: { status: 'loading' } },
    changed({ status: 'loading', progress: { value: 0 } }),
    changed({ status: 'loading', progress: { value: 0.5 } }),
    { model: 'alpha', event: 'model_status', data: { status: 'loaded' } },
    changed({ status: 'loaded', info: { id: 'alpha', status: { value: 'loaded' } } }),
    { model: 'alpha', event: 'model_status', data: { status: 'unloaded' } },
    changed({ status: 'unloaded', exit_code: 0 }),
    { model: 'alpha', event: 'model_status', data: { status: 'unloaded' } },
    changed({ status: 'unloaded', exit_code: 1, failed: true, message: 'It is broken.' }),
    { model: '*', event: 'models_reload' },
    { model: 'beta', event: 'model_remove' },
    { model: '*', event: 'models_reload' },
  ]);
  stream.leave();
});

test('downloads begin over POST /models and Ollama’s pull, and a server without them says so', async () => {
  const harness = await startRouter();
  const stream = await listen(harness.url);
  const download = { id: 'd1', state: 'fetching', receivedBytes: 5, totalBytes: 10, error: null };
  const posted = call(`${harness.url}/models`, { body: { model: 'owner/repo' } });
  expect(await answerCall(harness, 1, succeed({ download }))).toMatchObject({
    command: 'downloads:start',
    payload: { source: 'hf:owner/repo' },
  });
  expect(json((await posted).text)).toEqual({ success: true });
  await answerCall(harness, 2, succeed({ downloads: [{ ...download, state: 'done' }] }));
  await vi.waitFor(() => expect(stream.events().at(-1)).toEqual({ model: 'owner/repo', event: 'download_finished' }));
  expect(stream.events()[0]).toMatchObject({ event: 'download_progress', data: { done: 5, total: 10 } });

  const pulled = call(`${harness.url}/api/pull`, { body: { model: 'owner/repo' } });
  await answerCall(harness, 3, succeed({ download }));
  await answerCall(harness, 4, succeed({ downloads: [{ ...download, state: 'done', receivedBytes: 10 }] }));
  const { text, headers } = await pulled;
  expect(headers['content-type']).toBe('application/x-ndjson');
  expect(text.trim().split('\n').map(json)).toMatchObject([
    { status: 'pulling d1', total: 10, completed: 5 },
    { status: 'pulling d1', total: 10, completed: 10 },
    { status: 'success' },
  ]);

  const failing = call(`${harness.url}/api/pull`, { body: { model: 'owner/repo', stream: false } });
  const error = { ...download, state: 'failed', error: 'the disk is full' };
  await answerCall(harness, 5, succeed({ download: error }));
  expect(await failing).toMatchObject({ status: 502, text: expect.stringContaining('the disk is full') as string });

  const refused = call(`${harness.url}/api/pull`, { body: { model: 'owner/repo' } });
  await answerCall(harness, 6, {
    ok: false,
    error: { code: 'NOT_FOUND', message: 'x', details: { unknownCommand: 'downloads:start' } },
  });
  expect(await refused).toMatchObject({ status: 501, text: expect.stringContaining('models folder') as string });
  stream.leave();
});

test('a model is removed as a record, over llama.cpp’s path and Ollama’s', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha')] });
  const removed = call(`${harness.url}/models?model=alpha`, { method: 'DELETE' });
  expect(await answerCall(harness, 1, succeed({}))).toMatchObject({
    command: 'models:delete',
    payload: { modelId: 'alpha' },
  });
  expect(json((await removed).text)).toEqual({ success: true });
  // Node declares no length for this method by itself.
  const body = '{"name":"alpha"}';
  const headers = { 'content-length': body.length };
  const deleted = call(`${harness.url}/api/delete`, { method: 'DELETE', headers, body });
  await answerCall(harness, 2, succeed({}));
  expect(await deleted).toMatchObject({ status: 200, text: '' });
  expect((await call(`${harness.url}/models`, { method: 'DELETE' })).status).toBe(400);
});

test('looking at a model goes to its engine, loads it only if wanted, and is no use of it', async () => {
  const engine = await fakeEngine(({ req, res }) => res.end(JSON.stringify({ asked: req.url, method: req.method })));
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream), routeOf('beta')] });
  const get = async (path: string) => json((await call(harness.url + path)).text);
  expect(await get('/slots?model=alpha')).toEqual({ asked: '/slots?model=alpha', method: 'GET' });
  expect(await get('/props?model=alpha')).toMatchObject({ method: 'GET' });
  expect(await get('/metrics?model=alpha')).toMatchObject({ method: 'GET' });
  await harness.finished(3);
  await vi.waitFor(() => expect(harness.inFlight('alpha')).toBe(0));
  const ends = () => harness.all('usage').flatMap(({ models }) => models.map(({ lastEndedAt }) => lastEndedAt));
  expect(ends().every((at) => at === null)).toBe(true);
  // What changes something does count.
  const saved = await call(`${harness.url}/slots/0?model=alpha&action=save`, { body: {} });
  expect(json(saved.text)).toEqual({ asked: '/slots/0?model=alpha&action=save', method: 'POST' });
  const scaled = await call(`${harness.url}/lora-adapters?model=alpha`, { body: [{ id: 0, scale: 1 }] });
  expect(json(scaled.text)).toMatchObject({ asked: '/lora-adapters?model=alpha', method: 'POST' });
  expect(engine.received.at(-1)?.body.toString()).toBe('[{"id":0,"scale":1}]');
  expect((await call(`${harness.url}/slots`)).status).toBe(400);
  expect((await call(`${harness.url}/slots?model=beta&autoload=0`)).status).toBe(400);
  expect(harness.all('need')).toEqual([]);
  await vi.waitFor(() => expect(ends().at(-1)).toEqual(expect.any(Number)));
  void call(`${harness.url}/slots?model=beta`).catch(() => undefined);
  expect(await harness.nth('need', 1)).toMatchObject({ modelId: 'beta' });
});

test('the router’s own properties name it as one', async () => {
  const harness = await startRouter();
  const asked = call(`${harness.url}/props`);
  await answerCall(harness, 1, succeed({ config: { modelsMax: 3 } }));
  await answerCall(harness, 2, succeed({ info: { version: '1.2.3' } }));
  expect(json((await asked).text)).toMatchObject({ role: 'router', max_instances: 3, build_info: 'llamactor 1.2.3' });
});
