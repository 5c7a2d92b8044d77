import { request } from 'node:http';
import { expect, test, vi } from 'vitest';
import { call, chat, errorOf, open } from './support/client.ts';
import type { Reply } from './support/client.ts';
import { answerWhole, event, fakeEngine, openStream } from './support/fake-engine.ts';
import { startRouter } from './support/harness.ts';
import type { Harness } from './support/harness.ts';
import { loadedRoute, routeOf } from './support/routes.ts';

/** Waits until that many requests count for the model, so that their order is settled. */
const waiting = (harness: Harness, modelId: string, n: number) =>
  vi.waitFor(() => expect(harness.inFlight(modelId)).toBe(n), { interval: 2 });

const NOTES = { firstNoteMs: 20, noteEveryMs: 10 };

test('requests for an unloaded model ask for it once, wait, and are served in their order', async () => {
  const engine = await fakeEngine(answerWhole);
  const harness = await startRouter({ routes: [routeOf('alpha')], limits: { connections: 1 } });
  const replies: Promise<Reply>[] = [];
  for (let n = 1; n <= 5; n++) {
    replies.push(chat(harness.url, { model: 'alpha', n }));
    await waiting(harness, 'alpha', n);
  }
  expect(harness.all('need')).toEqual([{ type: 'need', modelId: 'alpha' }]);
  harness.routes(routeOf('alpha', { state: 'loading', progress: 50 }));
  harness.routes(loadedRoute('alpha', engine.upstream));
  const answers = await Promise.all(replies);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect(answers.map(({ headers }) => headers['x-llamactor-queue-position'])).toEqual(['1', '2', '3', '4', '5']);
  expect(engine.received.map(({ body }) => (JSON.parse(body.toString()) as { n: number }).n)).toEqual([1, 2, 3, 4, 5]);
  expect(harness.all('need')).toHaveLength(1);
  expect(harness.all('unneed')).toHaveLength(0);
  const finished = await harness.finished(5);
  expect(finished.queuedMs).toBeGreaterThan(0);
  expect(finished.queuedMs).toBeLessThanOrEqual(finished.durationMs);
});

test('an engine gets no more requests at once than it has threads for; the others wait in their order', async () => {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const engine = await fakeEngine((received) => void gate.then(() => answerWhole(received)));
  const harness = await startRouter({ routes: [loadedRoute('alpha', { ...engine.upstream, connections: 2 })] });
  const replies: Promise<Reply>[] = [];
  for (let n = 1; n <= 4; n++) {
    replies.push(chat(harness.url, { model: 'alpha', n }));
    await waiting(harness, 'alpha', n);
  }
  await vi.waitFor(() => expect(engine.received).toHaveLength(2), { interval: 2 });
  open();
  const answers = await Promise.all(replies);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(answers.map(({ headers }) => headers['x-llamactor-queue-position'])).toEqual([undefined, undefined, '1', '2']);
  expect(engine.sockets).toHaveLength(2);
});

test('a client that leaves frees its place; when the last one leaves the model is not needed any more', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha')] });
  const clients = [];
  for (let n = 1; n <= 2; n++) {
    const client = request(`${harness.url}/v1/completions`, { method: 'POST', agent: false });
    client.on('error', () => undefined);
    client.end('{"model":"alpha"}');
    clients.push(client);
    await waiting(harness, 'alpha', n);
  }
  clients[0]?.destroy();
  await waiting(harness, 'alpha', 1);
  expect(harness.all('unneed')).toHaveLength(0);
  clients[1]?.destroy();
  expect(await harness.nth('unneed', 1)).toEqual({ type: 'unneed', modelId: 'alpha' });
  expect(await harness.finished(2)).toMatchObject({ cancelled: true, status: 0, firstByteMs: null });
  // Nothing was served, so this was no use of the model.
  expect(harness.all('usage').at(-1)?.models[0]).toMatchObject({ inFlight: 0, lastEndedAt: null });
  const again = chat(harness.url, { model: 'alpha' });
  await harness.nth('need', 2);
  harness.tell({
    type: 'refused',
    modelId: 'alpha',
    code: 'DOES_NOT_FIT',
    message: 'It needs 9 GB.',
    retryAfter: null,
  });
  expect((await again).status).toBe(507);
});

test('a full queue is refused at once', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha')], settings: { queueLimit: 2 } });
  const held = [chat(harness.url, { model: 'alpha' }), chat(harness.url, { model: 'alpha' })];
  await waiting(harness, 'alpha', 2);
  const reply = await chat(harness.url, { model: 'alpha' });
  expect(reply.status).toBe(503);
  expect(reply.headers['retry-after']).toBe('5');
  expect(errorOf(reply)).toMatchObject({ code: 'QUEUE_FULL', type: 'unavailable_error' });
  harness.tell({ type: 'routes', changed: [], removed: ['alpha'] });
  const gone = await Promise.all(held);
  expect(gone.map(({ status }) => status)).toEqual([404, 404]);
  expect(gone.map((one) => errorOf(one).code)).toEqual(['model_not_found', 'model_not_found']);
});

test('the wait has an end, which names the state and the progress', async () => {
  const harness = await startRouter({
    routes: [routeOf('alpha', { state: 'loading', progress: 42.4 })],
    settings: { queueTimeoutMs: 50 },
  });
  const reply = await chat(harness.url, { model: 'alpha' });
  expect(reply.status).toBe(504);
  expect(errorOf(reply)).toMatchObject({ code: 'TIMEOUT', type: 'timeout_error' });
  expect(errorOf(reply).message).toContain('it is loading, 42 %');
  expect(await harness.nth('unneed', 1)).toEqual({ type: 'unneed', modelId: 'alpha' });
  expect(await harness.finished(1)).toMatchObject({ status: 504, cancelled: false });
});

test('the wait for a free connection has the same end', async () => {
  const engine = await fakeEngine(openStream);
  const harness = await startRouter({
    routes: [loadedRoute('alpha', engine.upstream)],
    settings: { queueTimeoutMs: 50 },
    limits: { connections: 1 },
  });
  const busy = open(`${harness.url}/v1/completions`, { model: 'alpha' });
  await vi.waitFor(() => expect(engine.received).toHaveLength(1));
  const reply = await chat(harness.url, { model: 'alpha' });
  expect(reply.status).toBe(504);
  expect(errorOf(reply).message).toContain('all its connections are busy');
  expect(harness.all('need')).toHaveLength(0);
  engine.received[0]?.res.end('data: x\n\n');
  expect((await (await busy).over).complete).toBe(true);
});

test('a refusal reaches everybody who waits, with its status and Retry-After', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha')] });
  const held = [chat(harness.url, { model: 'alpha' }), chat(harness.url, { model: 'alpha' })];
  await waiting(harness, 'alpha', 2);
  harness.tell({
    type: 'refused',
    modelId: 'alpha',
    code: 'DOES_NOT_FIT',
    message: 'alpha needs 9 GB and 4 GB are free.',
    retryAfter: 12.2,
  });
  for (const reply of await Promise.all(held)) {
    expect(reply.status).toBe(507);
    expect(reply.headers['retry-after']).toBe('13');
    expect(errorOf(reply)).toEqual({
      message: 'alpha needs 9 GB and 4 GB are free.',
      type: 'server_error',
      code: 'DOES_NOT_FIT',
    });
  }
  expect(harness.all('unneed')).toHaveLength(0);
});

test('a model that has failed is answered from the table, without asking for another start', async () => {
  const failure = { code: 'UPSTREAM_FAILED' as const, message: 'alpha is corrupt: bad magic.', retryAfter: null };
  const harness = await startRouter({ routes: [routeOf('alpha', { state: 'error', failure })] });
  for (let i = 0; i < 10; i++) {
    const reply = await chat(harness.url, { model: 'alpha', stream: true });
    expect(reply.status).toBe(502);
    expect(errorOf(reply)).toEqual({
      message: 'alpha is corrupt: bad magic.',
      type: 'server_error',
      code: 'UPSTREAM_FAILED',
    });
    expect(reply.headers['x-should-retry']).toBe('false');
  }
  expect(harness.all('need')).toHaveLength(0);
  harness.routes(routeOf('alpha', { state: 'error', failure: { ...failure, code: 'ENGINE_MISSING', retryAfter: 8 } }));
  const later = await chat(harness.url, { model: 'alpha' });
  expect(later.status).toBe(503);
  expect(later.headers['retry-after']).toBe('8');
  expect(later.headers['x-should-retry']).toBeUndefined();
});

test('a failure while loading reaches those who wait; an error that holds no failure is asked for again', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha', { state: 'error' })] });
  const reply = chat(harness.url, { model: 'alpha' });
  await harness.nth('need', 1);
  harness.routes(routeOf('alpha', { state: 'loading', progress: 0 }));
  harness.routes(routeOf('alpha', { state: 'loading', progress: 10 }));
  harness.routes(routeOf('alpha', { state: 'unloaded' }));
  await harness.nth('need', 2);
  harness.routes(routeOf('alpha', { state: 'unloaded', size: 5 }));
  harness.routes(
    routeOf('alpha', {
      state: 'error',
      failure: { code: 'UPSTREAM_FAILED', message: 'Out of memory.', retryAfter: 1 },
    }),
  );
  expect(errorOf(await reply).message).toBe('Out of memory.');
  expect(harness.all('need')).toHaveLength(2);
});

test('a stream that waits is told so, and then becomes the stream', async () => {
  const engine = await fakeEngine((one) => {
    openStream(one);
    one.res.end(event({ word: 'hi' }) + event('[DONE]'));
  });
  const harness = await startRouter({ routes: [routeOf('alpha')], limits: NOTES });
  const first = await open(`${harness.url}/v1/chat/completions`, { model: 'alpha', stream: true });
  expect(first.res.statusCode).toBe(200);
  expect(first.res.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
    'x-llamactor-queue-position': '1',
  });
  const second = await open(`${harness.url}/v1/chat/completions`, { model: 'alpha', stream: true });
  await vi.waitFor(() => expect(second.text()).toContain(': waiting for model alpha, position 2, unloaded\n\n'));
  harness.routes(routeOf('alpha', { state: 'loading', progress: 42 }));
  await vi.waitFor(() => expect(first.text()).toContain(': waiting for model alpha, position 1, loading 42 %\n\n'));
  harness.routes(loadedRoute('alpha', engine.upstream));
  for (const { text, complete } of await Promise.all([first.over, second.over])) {
    expect(complete).toBe(true);
    expect(text.replace(/^: .*\n\n/gm, '')).toBe('data: {"word":"hi"}\n\ndata: [DONE]\n\n');
  }
});

test('only streams are told; and embeddings are none, whatever they say', async () => {
  const engine = await fakeEngine(answerWhole);
  const harness = await startRouter({ routes: [routeOf('alpha')], limits: NOTES });
  const told = open(`${harness.url}/v1/completions`, { model: 'alpha', stream: true });
  const silent = [
    chat(harness.url, { model: 'alpha', stream: false }),
    chat(harness.url, { model: 'alpha' }),
    call(`${harness.url}/v1/embeddings`, { body: { model: 'alpha', stream: true } }),
  ];
  await waiting(harness, 'alpha', 4);
  const stream = await told;
  await vi.waitFor(() => expect(stream.text().match(/: waiting/g)?.length).toBeGreaterThan(3));
  harness.routes(loadedRoute('alpha', engine.upstream));
  for (const reply of await Promise.all(silent)) {
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toBe('application/json');
  }
});

test.each([
  [
    'a refusal',
    (harness: Harness) =>
      harness.tell({ type: 'refused', modelId: 'alpha', code: 'DOES_NOT_FIT', message: 'No room.', retryAfter: 3 }),
    'DOES_NOT_FIT',
    507,
  ],
  [
    'a removal',
    (harness: Harness) => harness.tell({ type: 'routes', changed: [], removed: ['alpha'] }),
    'model_not_found',
    404,
  ],
])('%s of a stream that was already told to wait comes in band', async (_, end, code, status) => {
  const harness = await startRouter({ routes: [routeOf('alpha')], limits: NOTES });
  const stream = await open(`${harness.url}/v1/completions`, { model: 'alpha', stream: true });
  end(harness);
  const reply = await stream.over;
  expect(reply).toMatchObject({ status: 200, complete: true });
  expect(reply.text).not.toContain('[DONE]');
  const last = reply.text.split('\n\n').at(-2) ?? '';
  expect(JSON.parse(last.replace('data: ', ''))).toMatchObject({ error: { code } });
  expect(await harness.finished(1)).toMatchObject({ status, cancelled: false });
});

test('an engine that refuses a request whose stream is already open is heard in band', async () => {
  const engine = await fakeEngine(({ res }) => {
    res.writeHead(400, { 'content-type': 'application/json' });
    res.end('{"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}');
  });
  const harness = await startRouter({ routes: [routeOf('alpha')], limits: NOTES });
  const stream = await open(`${harness.url}/v1/completions`, { model: 'alpha', stream: true });
  harness.routes(loadedRoute('alpha', engine.upstream));
  const reply = await stream.over;
  const last = reply.text.split('\n\n').at(-2) ?? '';
  expect(JSON.parse(last.replace('data: ', ''))).toEqual({
    error: { message: 'too long', type: 'exceed_context_size_error', code: 'UPSTREAM_FAILED' },
  });
  expect(await harness.finished(1)).toMatchObject({ status: 400 });
});

test('JSON that turns out to be broken while its request waits is refused without a model', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha')] });
  const req = request(`${harness.url}/v1/completions`, { method: 'POST', agent: false });
  const answered = new Promise<number | undefined>((resolve) => req.on('response', (res) => resolve(res.statusCode)));
  req.write('{"model":"alpha",');
  await harness.nth('need', 1);
  req.end('"n":}');
  expect(await answered).toBe(400);
  expect(await harness.nth('unneed', 1)).toEqual({ type: 'unneed', modelId: 'alpha' });
});

test('a large body is not read to its end while its request waits', async () => {
  const engine = await fakeEngine(answerWhole);
  const harness = await startRouter({ routes: [routeOf('alpha')], limits: { waitingBytes: 1024 * 1024 } });
  const total = 64 * 1024 * 1024;
  const req = request(`${harness.url}/v1/completions`, {
    method: 'POST',
    agent: false,
    headers: { 'content-length': total },
  });
  const answered = new Promise<number | undefined>((resolve) => req.on('response', (res) => resolve(res.statusCode)));
  const head = '{"model":"alpha","prompt":"';
  req.write(head);
  req.end(`${'x'.repeat(total - head.length - 2)}"}`);
  await harness.nth('need', 1);
  let last = -1;
  await vi.waitFor(
    () => {
      const left = req.socket?.writableLength ?? 0;
      const moved = left !== last;
      last = left;
      expect(left > total / 2 && !moved).toBe(true);
    },
    { timeout: 10_000, interval: 50 },
  );
  harness.routes(loadedRoute('alpha', engine.upstream));
  expect(await answered).toBe(200);
  expect(engine.received[0]?.body.length).toBe(total);
});

test('a held model gets nothing new: what it answers is finished and confirmed, and the others wait for it in their order', async () => {
  const engine = await fakeEngine((one) => (engine.received.length === 1 ? openStream(one) : answerWhole(one)));
  const route = loadedRoute('alpha', engine.upstream);
  const harness = await startRouter({ routes: [route] });
  const usage = () =>
    harness
      .all('usage')
      .at(-1)
      ?.models.find(({ modelId }) => modelId === 'alpha');
  const busy = open(`${harness.url}/v1/completions`, { model: 'alpha' });
  await vi.waitFor(() => expect(engine.received).toHaveLength(1));
  harness.routes({ ...route, held: true });
  await vi.waitFor(() => expect(usage()).toMatchObject({ held: true, active: 1, inFlight: 1 }), { interval: 2 });
  const late = [chat(harness.url, { model: 'alpha', n: 1 })];
  await waiting(harness, 'alpha', 2);
  late.push(chat(harness.url, { model: 'alpha', n: 2 }));
  await waiting(harness, 'alpha', 3);
  engine.received[0]?.res.end('data: x\n\n');
  expect((await (await busy).over).complete).toBe(true);
  await vi.waitFor(() => expect(usage()).toMatchObject({ held: true, active: 0, inFlight: 2 }), { interval: 2 });
  expect(engine.received).toHaveLength(1);
  expect(harness.all('need')).toEqual([]);
  harness.routes({ ...route, state: 'stopping', upstream: null });
  harness.routes({ ...route, state: 'unloaded', upstream: null });
  expect(await harness.nth('need', 1)).toEqual({ type: 'need', modelId: 'alpha' });
  harness.routes(route);
  expect((await Promise.all(late)).map(({ status }) => status)).toEqual([200, 200]);
  expect(usage()?.held).toBe(false);
  const order = engine.received.slice(1).map(({ body }) => (JSON.parse(body.toString()) as { n: number }).n);
  expect(order).toEqual([1, 2]);
});

test('a router that starts with a held model confirms it without having been asked for it', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha', { held: true })] });
  await vi.waitFor(() =>
    expect(harness.all('usage').at(-1)?.models).toMatchObject([{ modelId: 'alpha', held: true, active: 0 }]),
  );
});
