import { expect, test, vi } from 'vitest';
import type { LogEntryView } from '../../src/contracts/views.ts';
import { call } from './support/client.ts';
import { answerCall, succeed } from './support/control-plane.ts';
import { fakeEngine } from './support/fake-engine.ts';
import { startRouter } from './support/harness.ts';
import type { Harness } from './support/harness.ts';
import { loadedRoute, routeOf } from './support/routes.ts';

const nowhere = { socketPath: '/nowhere' };
const entry = (id: number, source: string, message = `line ${id}`): LogEntryView => ({
  id: String(id),
  timestamp: 0,
  level: 'info',
  source,
  message,
});

test('what runs is listed in llama-swap’s words', async () => {
  const { url } = await startRouter({
    routes: [
      loadedRoute('org/alpha', nowhere, { parameters: { 'ctx-size': 256 } }),
      routeOf('beta', { state: 'loading' }),
      routeOf('gamma', { state: 'stopping' }),
      routeOf('delta'),
    ],
  });
  const { running } = JSON.parse((await call(`${url}/running`)).text) as { running: unknown[] };
  expect(running).toMatchObject([
    {
      model: 'org/alpha',
      state: 'ready',
      cmd: 'llama-server --alias org/alpha --ctx-size 256 --model org/alpha.gguf',
      proxy: '/upstream/org%2Falpha/',
    },
    { model: 'beta', state: 'starting' },
    { model: 'gamma', state: 'stopping' },
  ]);
});

test('everything is unloaded, or one model, and the answer waits for it', async () => {
  const harness = await startRouter({
    routes: [loadedRoute('alpha', nowhere), routeOf('beta', { state: 'loading' }), routeOf('gamma')],
  });
  const all = call(`${harness.url}/unload`);
  await answerCall(harness, 1, succeed({}));
  await answerCall(harness, 2, succeed({}));
  expect(await all).toMatchObject({ status: 200, text: 'OK' });
  expect(harness.all('call').map(({ payload }) => payload)).toEqual([{ modelId: 'alpha' }, { modelId: 'beta' }]);
  const one = call(`${harness.url}/api/models/unload/alpha`, { method: 'POST' });
  await answerCall(harness, 3, { ok: false, error: { code: 'TIMEOUT', message: 'It does not go.' } });
  expect(await one).toMatchObject({ status: 504, text: expect.stringContaining('It does not go.') as string });
  expect((await call(`${harness.url}/api/models/unload/nobody`, { method: 'POST' })).status).toBe(404);
});

test('upstream reaches anything of a model’s engine, by any method, as it is', async () => {
  const engine = await fakeEngine(({ req, res, body }) => {
    res.writeHead(203, { 'content-type': 'text/html', 'x-asked': `${req.method ?? ''} ${req.url ?? ''}` });
    res.end(`${String(req.headers['accept-encoding'])} ${body.toString()}`);
  });
  const harness = await startRouter({ routes: [loadedRoute('org/alpha', engine.upstream), routeOf('beta')] });
  const headers = { 'accept-encoding': 'gzip', 'content-encoding': 'x' };
  const put = await call(`${harness.url}/upstream/org/alpha/a%2Fb/?x=1`, { method: 'PUT', headers, body: 'no json' });
  expect(put).toMatchObject({ status: 203, text: 'gzip no json' });
  expect(put.headers['x-asked']).toBe('PUT /a%2Fb/?x=1');
  expect((await call(`${harness.url}/upstream/org%2Falpha/`)).headers['x-asked']).toBe('GET /');
  expect((await call(`${harness.url}/upstream/org/alpha/`, { method: 'HEAD' })).status).toBe(203);
  expect(await call(`${harness.url}/upstream/org/alpha?x=1`)).toMatchObject({
    status: 307,
    headers: { location: '/upstream/org/alpha/?x=1' },
  });
  expect((await call(`${harness.url}/upstream/nobody/x`)).status).toBe(404);
  expect((await call(`${harness.url}/upstream`)).text).toContain('beta');
  void call(`${harness.url}/upstream/beta/`).catch(() => undefined);
  expect(await harness.nth('need', 1)).toMatchObject({ modelId: 'beta' });
});

const history = (harness: Harness, n: number, ...logs: LogEntryView[]) => answerCall(harness, n, succeed({ logs }));

test('the log is a text with the newest line last', async () => {
  const harness = await startRouter();
  const asked = call(`${harness.url}/logs`);
  expect(await history(harness, 1, entry(2, 'router', 'b\u001b[31m'), entry(1, 'server'))).toMatchObject({
    command: 'logs:get',
  });
  expect((await asked).text).toBe(
    '1970-01-01T00:00:00.000Z INFO  server: line 1\n1970-01-01T00:00:00.000Z INFO  router: b [31m\n',
  );
});

test('the log is followed while somebody reads it, without gaps and without lines that were not asked for', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha')] });
  const leaving = new AbortController();
  const opened = fetch(`${harness.url}/logs/stream/alpha`, { signal: leaving.signal });
  expect(await harness.nth('logs.follow', 1)).toEqual({ type: 'logs.follow', on: true });
  // This one is news and in the history.
  await harness.nth('call', 1);
  harness.tell({ type: 'logs', entries: [entry(3, 'model:alpha')], dropped: 0 });
  await history(harness, 1, entry(3, 'model:alpha'), entry(2, 'server'), entry(1, 'model:alpha'));
  const response = await opened;
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  };
  const reading = read().catch(() => undefined);
  harness.tell({ type: 'logs', entries: [entry(4, 'router'), entry(5, 'model:alpha')], dropped: 7 });
  await vi.waitFor(() => expect(text).toContain('line 5'));
  expect(text.replaceAll(/^.*alpha: /gm, '')).toBe(
    'line 1\nline 3\n… 7 lines are missing here, because they were not read in time\nline 5\n',
  );
  leaving.abort();
  await reading;
  expect(await harness.nth('logs.follow', 2)).toEqual({ type: 'logs.follow', on: false });
});

test('parts of the log, without what was', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha')] });
  for (const [part, seen] of [
    ['proxy', 'server'],
    ['upstream', 'model:alpha'],
  ]) {
    const leaving = new AbortController();
    const response = await fetch(`${harness.url}/logs/stream/${part}?no-history`, { signal: leaving.signal });
    harness.tell({ type: 'logs', entries: [entry(1, 'server'), entry(2, 'model:alpha')], dropped: 0 });
    const first = await response.body?.getReader().read();
    expect(Buffer.from(first?.value as Uint8Array).toString()).toMatch(
      new RegExp(`^\\S+ INFO {2}${seen}: line \\d\\n$`),
    );
    leaving.abort();
  }
  expect(harness.all('call')).toEqual([]);
  expect((await call(`${harness.url}/logs/stream/nobody`)).status).toBe(404);
});
