/** Keys on the inference port: who is let in, to which models, how often, and what happens when a key ends. */
import { expect, test, vi } from 'vitest';
import { digests } from '../../src/io/keys/secret.ts';
import type { CheckedKey } from '../../src/contracts/keys.ts';
import { call, errorOf, open } from './support/client.ts';
import type { Reply } from './support/client.ts';
import { answerWhole, event, fakeEngine, openStream } from './support/fake-engine.ts';
import type { FakeEngine } from './support/fake-engine.ts';
import { startRouter } from './support/harness.ts';
import type { Harness, Options } from './support/harness.ts';
import { loadedRoute, routeOf } from './support/routes.ts';

const secretOf = (name: string): string => `lla_secret-of-${name}`;
const keyOf = (name: string, over: Partial<CheckedKey> = {}): CheckedKey => ({
  id: `id-${name}`,
  name,
  hash: digests.of(secretOf(name)),
  scopes: ['infer'],
  models: null,
  expiresAt: null,
  concurrency: null,
  ratePerMinute: null,
  ...over,
});

const start = async (keys: CheckedKey[], required: boolean, options: Options = {}): Promise<Harness> => {
  const harness = await startRouter(options);
  harness.tell({ type: 'keys', required, keys });
  return harness;
};

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const chat = (
  harness: Harness,
  model: string,
  headers: Record<string, string> = {},
  extra: object = {},
): Promise<Reply> => call(`${harness.url}/v1/chat/completions`, { body: { model, ...extra }, headers });
const chatAs = (harness: Harness, name: string, model = 'alpha', extra: object = {}): Promise<Reply> =>
  chat(harness, model, bearer(secretOf(name)), extra);
const served = (engine: FakeEngine): unknown[] =>
  engine.received.map(({ body }) => (JSON.parse(body.toString()) as { n?: unknown }).n);
const inFlight = (harness: Harness, n: number, model = 'alpha') =>
  vi.waitFor(() => expect(harness.inFlight(model)).toBe(n), { interval: 2 });

test('where a key is needed: 401 without, with a placeholder and with a wrong one; a right one serves in either header', async () => {
  const engine = await fakeEngine(answerWhole);
  const harness = await start([keyOf('ana')], true, { routes: [loadedRoute('alpha', engine.upstream)] });
  for (const headers of [{}, bearer('not-needed'), bearer('lla_wrong'), { 'x-api-key': 'lla_wrong' }]) {
    const reply = await chat(harness, 'alpha', headers);
    expect(reply.status).toBe(401);
    expect(errorOf(reply)).toMatchObject({ type: 'authentication_error', code: 'invalid_api_key' });
    expect(reply.headers['www-authenticate']).toBe('Bearer');
  }
  expect(engine.received).toHaveLength(0);
  expect((await chatAs(harness, 'ana')).status).toBe(200);
  expect((await chat(harness, 'alpha', { 'x-api-key': secretOf('ana') })).status).toBe(200);
  for (const { req } of engine.received) {
    expect(req.headers.authorization).toBeUndefined();
    expect(req.headers['x-api-key']).toBeUndefined();
  }
  expect(await harness.finished(1)).toMatchObject({ key: 'ana', status: 200 });
  expect(JSON.stringify(harness.messages)).not.toContain('lla_');
});

test('a key in the query is none', async () => {
  const harness = await start([keyOf('ana')], true);
  expect((await call(`${harness.url}/v1/models?key=${secretOf('ana')}`)).status).toBe(401);
});

test('where none is needed: nobody and placeholders pass, a wrong key does not', async () => {
  const engine = await fakeEngine(answerWhole);
  const harness = await start([keyOf('ana')], false, { routes: [loadedRoute('alpha', engine.upstream)] });
  expect((await chat(harness, 'alpha')).status).toBe(200);
  expect((await chat(harness, 'alpha', bearer('sk-no-key-required'))).status).toBe(200);
  expect((await chat(harness, 'alpha', bearer('lla_wrong'))).status).toBe(401);
  expect(await harness.finished(1)).toMatchObject({ key: null });
});

test('health stays open, whatever is sent', async () => {
  const harness = await start([], true);
  expect((await call(`${harness.url}/health`)).status).toBe(200);
  expect((await call(`${harness.url}/health`, { headers: bearer('lla_wrong') })).status).toBe(200);
  expect((await call(`${harness.url}/v1/models`)).status).toBe(401);
});

test('the scope decides: observing is not inferring', async () => {
  const harness = await start([keyOf('eye', { scopes: ['observe'] }), keyOf('op', { scopes: ['operate'] })], true);
  const reply = await call(`${harness.url}/v1/models`, { headers: bearer(secretOf('eye')) });
  expect(reply.status).toBe(403);
  expect(errorOf(reply).message).toContain('needs infer');
  expect((await call(`${harness.url}/v1/models`, { headers: bearer(secretOf('op')) })).status).toBe(200);
});

test('an expired key is refused by its name', async () => {
  const harness = await start([keyOf('old', { expiresAt: Date.now() - 1 })], false);
  const reply = await chatAs(harness, 'old');
  expect(reply.status).toBe(401);
  expect(errorOf(reply).message).toContain('"old" expired');
});

test('a key for some models sees, uses and hears of no other', async () => {
  const engine = await fakeEngine(answerWhole);
  const routes = [
    loadedRoute('alpha', engine.upstream, { names: ['alpha', 'fast'] }),
    loadedRoute('beta', engine.upstream),
    routeOf('gamma'),
  ];
  const harness = await start([keyOf('ana', { models: ['FAST'] })], false, { routes });
  const headers = bearer(secretOf('ana'));
  const list = await call(`${harness.url}/v1/models`, { headers });
  expect((JSON.parse(list.text) as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual(['alpha']);
  expect((await call(`${harness.url}/v1/models/alpha`, { headers })).status).toBe(200);
  expect((await chatAs(harness, 'ana', 'alpha')).status).toBe(200);
  for (const model of ['beta', 'gamma', 'nobody']) {
    const reply = await chatAs(harness, 'ana', model);
    expect(reply.status).toBe(403);
    expect(errorOf(reply)).toMatchObject({ code: 'FORBIDDEN', type: 'permission_error' });
    expect(reply.text).not.toMatch(/beta|gamma/);
    expect((await call(`${harness.url}/v1/models/${model}`, { headers })).status).toBe(403);
  }
  // Without a name it gets the only one that it may use, although two are loaded.
  const unnamed = await call(`${harness.url}/v1/completions`, { headers, body: { prompt: 'x' } });
  expect(unnamed.status).toBe(200);
  expect(harness.all('need')).toHaveLength(0);
});

test('429 with Retry-After only beyond the rate, and only for that key', async () => {
  const engine = await fakeEngine(answerWhole);
  const harness = await start([keyOf('ana', { ratePerMinute: 2 }), keyOf('bo')], true, {
    routes: [loadedRoute('alpha', engine.upstream)],
  });
  for (let n = 0; n < 5; n++) await call(`${harness.url}/v1/models`, { headers: bearer(secretOf('ana')) });
  expect((await chatAs(harness, 'ana')).status).toBe(200);
  expect((await chatAs(harness, 'ana')).status).toBe(200);
  const reply = await chatAs(harness, 'ana');
  expect(reply.status).toBe(429);
  expect(errorOf(reply)).toMatchObject({ code: 'RATE_LIMITED', type: 'rate_limit_error' });
  expect(Number(reply.headers['retry-after'])).toBeGreaterThan(50);
  expect(Number(reply.headers['retry-after'])).toBeLessThanOrEqual(60);
  expect((await chatAs(harness, 'bo')).status).toBe(200);
});

test("beyond a key's concurrency requests wait, while another key's are served past them", async () => {
  const engine = await fakeEngine(openStream);
  const harness = await start([keyOf('ana', { concurrency: 1 }), keyOf('bo')], true, {
    routes: [loadedRoute('alpha', engine.upstream)],
    limits: { firstNoteMs: 10, noteEveryMs: 10 },
  });
  const one = chatAs(harness, 'ana', 'alpha', { n: 'ana 1' });
  await vi.waitFor(() => expect(served(engine)).toEqual(['ana 1']));
  const two = chatAs(harness, 'ana', 'alpha', { n: 'ana 2', stream: true });
  await inFlight(harness, 2);
  const other = chatAs(harness, 'bo', 'alpha', { n: 'bo 1' });
  await vi.waitFor(() => expect(served(engine)).toEqual(['ana 1', 'bo 1']));
  engine.received[0]?.res.end('data: x\n\n');
  await vi.waitFor(() => expect(served(engine)).toEqual(['ana 1', 'bo 1', 'ana 2']));
  for (const { res } of engine.received) res.end('data: x\n\n');
  expect((await one).status).toBe(200);
  expect((await other).headers['x-llamactor-queue-position']).toBeUndefined();
  const waited = await two;
  expect(waited.headers['x-llamactor-queue-position']).toBe('1');
});

test("a key's concurrency holds over all models, and its oldest request goes on first", async () => {
  const engine = await fakeEngine(openStream);
  const harness = await start([keyOf('ana', { concurrency: 1 })], true, {
    routes: [loadedRoute('alpha', engine.upstream), loadedRoute('beta', engine.upstream)],
  });
  void chatAs(harness, 'ana', 'alpha', { n: 1 });
  await vi.waitFor(() => expect(served(engine)).toEqual([1]));
  void chatAs(harness, 'ana', 'beta', { n: 2 });
  await inFlight(harness, 1, 'beta');
  void chatAs(harness, 'ana', 'alpha', { n: 3 });
  await inFlight(harness, 2);
  for (const n of [2, 3]) {
    engine.received.at(-1)?.res.end('data: x\n\n');
    await vi.waitFor(() => expect(served(engine).at(-1)).toBe(n));
  }
  engine.received.at(-1)?.res.end('data: x\n\n');
  expect(await harness.finished(3)).toMatchObject({ key: 'ana' });
});

test('a key at its limit has no other model loaded for it until one of its requests is over', async () => {
  const engine = await fakeEngine(({ res }) => res.write(event('on')));
  const harness = await start([keyOf('ana', { concurrency: 1 }), keyOf('bo')], true, {
    routes: [loadedRoute('alpha', engine.upstream), routeOf('beta'), routeOf('gamma')],
  });
  const stream = await open(
    `${harness.url}/v1/chat/completions`,
    { model: 'alpha', stream: true },
    bearer(secretOf('ana')),
  );
  const late = chatAs(harness, 'ana', 'beta');
  await inFlight(harness, 1, 'beta');
  // What another key asks for shows that a need would have come by now.
  const other = chatAs(harness, 'bo', 'gamma');
  await vi.waitFor(() => expect(harness.all('need')).toEqual([{ type: 'need', modelId: 'gamma' }]));
  stream.req.destroy();
  await vi.waitFor(() => expect(harness.all('need').map(({ modelId }) => modelId)).toEqual(['gamma', 'beta']));
  harness.tell({ type: 'refused', modelId: 'beta', code: 'DOES_NOT_FIT', message: 'No.', retryAfter: null });
  harness.tell({ type: 'refused', modelId: 'gamma', code: 'DOES_NOT_FIT', message: 'No.', retryAfter: null });
  expect((await late).status).toBe(507);
  expect((await other).status).toBe(507);
});

test("a model's concurrency makes requests wait and can be raised while they do", async () => {
  const engine = await fakeEngine(openStream);
  const harness = await start([], false, { routes: [loadedRoute('alpha', engine.upstream, { concurrency: 1 })] });
  const all = [1, 2, 3].map((n) => chat(harness, 'alpha', {}, { n }));
  await inFlight(harness, 3);
  expect(engine.received).toHaveLength(1);
  harness.routes(loadedRoute('alpha', engine.upstream, { concurrency: 2 }));
  await vi.waitFor(() => expect(engine.received).toHaveLength(2));
  engine.received[0]?.res.end('data: x\n\n');
  await vi.waitFor(() => expect(engine.received).toHaveLength(3));
  for (const { res } of engine.received) res.end('data: x\n\n');
  expect((await Promise.all(all)).map(({ status }) => status)).toEqual([200, 200, 200]);
});

test('one key with many requests delays another by one turn, and its full queue is its own', async () => {
  const engine = await fakeEngine(openStream);
  const harness = await start([keyOf('many'), keyOf('one')], true, {
    routes: [loadedRoute('alpha', engine.upstream)],
    settings: { queueLimit: 5 },
    limits: { connections: 1 },
  });
  for (let n = 0; n < 6; n++) {
    void chatAs(harness, 'many', 'alpha', { n: `many ${n}` });
    await inFlight(harness, n + 1);
  }
  const full = await chatAs(harness, 'many');
  expect(full.status).toBe(503);
  expect(errorOf(full).code).toBe('QUEUE_FULL');
  const one = chatAs(harness, 'one', 'alpha', { n: 'one' });
  await inFlight(harness, 7);
  for (let n = 1; n <= 7; n++) {
    await vi.waitFor(() => expect(engine.received).toHaveLength(n));
    engine.received.at(-1)?.res.end('data: x\n\n');
  }
  expect((await one).headers['x-llamactor-queue-position']).toBe('2');
  expect(served(engine).indexOf('one')).toBe(2);
});

test('a revoked key: its stream finishes, its waiting request and its next one are refused', async () => {
  const engine = await fakeEngine(openStream);
  const harness = await start([keyOf('ana')], false, {
    routes: [loadedRoute('alpha', engine.upstream)],
    limits: { connections: 1 },
  });
  const stream = chatAs(harness, 'ana');
  await vi.waitFor(() => expect(engine.received).toHaveLength(1));
  const waiting = chatAs(harness, 'ana');
  await inFlight(harness, 2);
  harness.tell({ type: 'keys', required: false, keys: [] });
  expect((await waiting).status).toBe(401);
  expect((await chatAs(harness, 'ana')).status).toBe(401);
  engine.received[0]?.res.end('data: the end\n\n');
  expect(await stream).toMatchObject({ status: 200, text: 'data: the end\n\n', complete: true });
});

test('a revocation withdraws the need for a model that only the key wanted', async () => {
  const harness = await start([keyOf('ana')], false, { routes: [routeOf('alpha')] });
  const waiting = chatAs(harness, 'ana');
  await harness.nth('need', 1);
  harness.tell({ type: 'keys', required: false, keys: [] });
  expect((await waiting).status).toBe(401);
  await harness.nth('unneed', 1);
});

test('a page of an unlisted origin gets in with a key, and with nothing else', async () => {
  const harness = await start([keyOf('ana')], false, { routes: [routeOf('alpha')] });
  const url = `${harness.url}/v1/models`;
  const origin = 'https://app.example';
  const preflight = (asked: string) =>
    call(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': asked },
    });
  for (const asked of ['authorization', 'content-type, X-Api-Key']) {
    const reply = await preflight(asked);
    expect(reply.status).toBe(204);
    expect(reply.headers['access-control-allow-origin']).toBe(origin);
    expect(reply.headers['access-control-allow-headers']).toBe(asked);
  }
  expect((await preflight('content-type')).status).toBe(403);
  expect((await call(url, { headers: { origin } })).status).toBe(403);
  expect((await call(url, { headers: { origin, ...bearer('lla_wrong') } })).status).toBe(403);
  expect((await call(url, { headers: { origin, ...bearer('placeholder') } })).status).toBe(403);
  const allowed = await call(url, { headers: { origin, ...bearer(secretOf('ana')) } });
  expect(allowed.status).toBe(200);
  expect(allowed.headers['access-control-allow-origin']).toBe(origin);
  // A name that was rebound is no matter of keys.
  expect((await call(url, { headers: { host: 'evil.example', ...bearer(secretOf('ana')) } })).status).toBe(403);
});

test('a listed origin may ask for a key header too', async () => {
  const origin = 'https://app.example';
  const harness = await start([keyOf('ana')], true, { settings: { allowedOrigins: [origin] } });
  const headers = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  };
  const reply = await call(`${harness.url}/v1/chat/completions`, { method: 'OPTIONS', headers });
  expect(reply.status).toBe(204);
  expect(reply.headers['access-control-allow-headers']).toBe('authorization');
  expect((await call(`${harness.url}/v1/models`, { headers: { origin } })).status).toBe(401);
});

test('a stream that is open before keys are needed goes on', async () => {
  const engine = await fakeEngine(openStream);
  const harness = await start([], false, { routes: [loadedRoute('alpha', engine.upstream)] });
  const stream = open(`${harness.url}/v1/completions`, { model: 'alpha' });
  await vi.waitFor(() => expect(engine.received).toHaveLength(1));
  harness.tell({ type: 'keys', required: true, keys: [] });
  expect((await chat(harness, 'alpha')).status).toBe(401);
  engine.received[0]?.res.end('data: x\n\n');
  expect((await (await stream).over).complete).toBe(true);
});
