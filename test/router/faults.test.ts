import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { call, chat, errorOf, open } from './support/client.ts';
import { answerWhole, event, fakeEngine, openStream } from './support/fake-engine.ts';
import type { Received } from './support/fake-engine.ts';
import { startRouter } from './support/harness.ts';
import { loadedRoute, routeOf } from './support/routes.ts';

const CRASHED = { code: 'UPSTREAM_FAILED' as const, message: 'alpha ran out of memory.', retryAfter: 4 };

const lastEvent = (text: string): unknown => JSON.parse((text.split('\n\n').at(-2) ?? '').replace('data: ', ''));

/** Answers the first request of every connection; what the second one gets is up to `then`. */
const oncePerConnection = (then: (one: Received) => void) => {
  const seen = new Set<number>();
  return (one: Received): void => {
    if (seen.has(one.connection)) return then(one);
    seen.add(one.connection);
    answerWhole(one);
  };
};

test.each([
  ['closed, over a unix socket', false, ({ req }: Received) => req.socket.destroy()],
  ['closed, over a port', true, ({ req }: Received) => req.socket.destroy()],
  ['reset', true, ({ req }: Received) => req.socket.resetAndDestroy()],
])('a used connection that is %s before any answer is met by sending once more', async (_, tcp, hurt) => {
  const engine = await fakeEngine(oncePerConnection(hurt), { tcp });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  for (let i = 0; i < 6; i++) expect((await chat(harness.url, { model: 'alpha', i })).status).toBe(200);
  const seen = engine.received.map(({ body }) => (JSON.parse(body.toString()) as { i: number }).i);
  expect(seen).toEqual([0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
});

test('a body that is still arriving is sent once more from its start', async () => {
  const engine = await fakeEngine(oncePerConnection(() => undefined));
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  expect((await chat(harness.url, { model: 'alpha' })).status).toBe(200);
  const body = Buffer.from(JSON.stringify({ model: 'alpha', prompt: 'x'.repeat(1_000_000) }));
  const headers = { 'content-length': body.length };
  let cut = false;
  engine.sockets[0]?.on('data', () => {
    if (!cut) engine.sockets[0]?.destroy();
    cut = true;
  });
  expect((await call(`${harness.url}/v1/completions`, { body, headers })).status).toBe(200);
  expect(cut).toBe(true);
  expect(engine.received.at(-1)?.body.equals(body)).toBe(true);
});

test('a new connection that breaks is not tried again: the request may be what broke it', async () => {
  const engine = await fakeEngine(({ req }) => req.socket.destroy());
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)], limits: { causeMs: 10 } });
  const reply = await chat(harness.url, { model: 'alpha' });
  expect(reply.status).toBe(502);
  expect(errorOf(reply)).toMatchObject({ code: 'UPSTREAM_FAILED', type: 'server_error' });
  expect(errorOf(reply).message).toContain('broke before it answered');
  expect(engine.received).toHaveLength(1);
  await vi.waitFor(() => expect(harness.inFlight('alpha')).toBe(0));
});

test('what counts is the age of the socket, not how long the engine has been known', async () => {
  let answers = 1;
  const engine = await fakeEngine((one) => {
    one.res.setHeader('connection', 'close');
    if (answers-- > 0) answerWhole(one);
    else one.req.socket.destroy();
  });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)], limits: { causeMs: 10 } });
  expect((await chat(harness.url, { model: 'alpha' })).status).toBe(200);
  expect((await chat(harness.url, { model: 'alpha' })).status).toBe(502);
  expect(engine.received).toHaveLength(2);
});

test('it is sent once more, not twice', async () => {
  let answers = 1;
  const engine = await fakeEngine((one) => (answers-- > 0 ? answerWhole(one) : one.req.socket.destroy()));
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)], limits: { causeMs: 10 } });
  expect((await chat(harness.url, { model: 'alpha' })).status).toBe(200);
  expect((await chat(harness.url, { model: 'alpha' })).status).toBe(502);
  expect(engine.received).toHaveLength(3);
});

test('a body too large to be kept is not sent again', async () => {
  const engine = await fakeEngine(oncePerConnection(({ req }) => req.socket.destroy()));
  const harness = await startRouter({
    routes: [loadedRoute('alpha', engine.upstream)],
    limits: { causeMs: 10, replayBytes: 1000 },
  });
  expect((await chat(harness.url, { model: 'alpha' })).status).toBe(200);
  expect((await chat(harness.url, { model: 'alpha', prompt: 'x'.repeat(2000) })).status).toBe(502);
  expect(engine.received).toHaveLength(2);
});

test('an engine that is not there: the cause and the time of the next start, as soon as the control plane knows it', async () => {
  const engine = await fakeEngine(answerWhole, { tcp: true });
  await engine.die();
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)], limits: { causeMs: 60_000 } });
  const reply = chat(harness.url, { model: 'alpha' });
  await vi.waitFor(() => expect(harness.inFlight('alpha')).toBe(1));
  harness.routes(routeOf('alpha', { state: 'error', failure: CRASHED }));
  expect(await reply).toMatchObject({ status: 503, headers: { 'retry-after': '4' } });
  expect(errorOf(await reply).message).toBe('alpha stopped before it answered: alpha ran out of memory.');
});

test('without a word of the control plane the wait for the cause is short', async () => {
  const engine = await fakeEngine(answerWhole, { tcp: true });
  await engine.die();
  const harness = await startRouter({
    routes: [loadedRoute('alpha', { socketPath: '/nowhere/e.sock' }), loadedRoute('beta', engine.upstream)],
    limits: { causeMs: 20 },
  });
  for (const [model, code] of [
    ['alpha', 'ENOENT'],
    ['beta', 'ECONNREFUSED'],
  ]) {
    const reply = await chat(harness.url, { model });
    expect(reply.status).toBe(502);
    expect(errorOf(reply).message).toContain(`(${code})`);
  }
});

test('a used connection is not tried again once the model is not loaded any more', async () => {
  const engine = await fakeEngine(
    oncePerConnection(({ req }) => {
      harness.routes(routeOf('alpha', { state: 'error', failure: CRASHED }));
      req.socket.destroy();
    }),
  );
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  await chat(harness.url, { model: 'alpha' });
  const reply = await chat(harness.url, { model: 'alpha' });
  expect(errorOf(reply).message).toContain('ran out of memory');
  expect(engine.received).toHaveLength(2);
});

test('death in the middle of a stream is told in band, without [DONE]', async () => {
  const engine = await fakeEngine((one) => {
    openStream(one);
    one.res.write(event({ word: 'half' }));
  });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)], limits: { causeMs: 60_000 } });
  const stream = await open(`${harness.url}/v1/chat/completions`, { model: 'alpha', stream: true });
  await vi.waitFor(() => expect(stream.text()).toContain('half'));
  await engine.die();
  harness.routes(routeOf('alpha', { state: 'error', failure: CRASHED }));
  const reply = await stream.over;
  expect(reply).toMatchObject({ status: 200, complete: true });
  expect(reply.text).not.toContain('[DONE]');
  expect(lastEvent(reply.text)).toEqual({
    error: {
      message: 'alpha stopped while it answered: alpha ran out of memory.',
      type: 'unavailable_error',
      code: 'UPSTREAM_FAILED',
    },
  });
  expect(await harness.finished(1)).toMatchObject({ status: 503, cancelled: false });
});

test('an event that was cut in the middle does not swallow the error', async () => {
  const engine = await fakeEngine((one) => {
    openStream(one);
    one.res.write(`${event({ word: 'half' })}data: {"wor`, () => one.req.socket.destroy());
  });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)], limits: { causeMs: 10 } });
  const reply = await chat(harness.url, { model: 'alpha', stream: true });
  expect(reply.text).toContain('data: {"wor\n\n');
  expect(lastEvent(reply.text)).toMatchObject({ error: { code: 'UPSTREAM_FAILED' } });
});

test('death in the middle of a whole answer breaks the answer off', async () => {
  const engine = await fakeEngine(({ req, res }) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
    res.write('{"choices":[', () => req.socket.destroy());
  });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)], limits: { causeMs: 10 } });
  expect(await chat(harness.url, { model: 'alpha' })).toMatchObject({ status: 200, complete: false });
  expect(await harness.finished(1)).toMatchObject({ status: 502, cancelled: false });
  expect(engine.received).toHaveLength(1);
});

test('an answer that is no HTTP is a failure of the engine', async () => {
  const engine = await fakeEngine(({ req }) => req.socket.end('what?\r\n\r\n'));
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)], limits: { causeMs: 10 } });
  expect((await chat(harness.url, { model: 'alpha' })).status).toBe(502);
});

test('detach ends every answer of the model at once and counts them; those who wait stay', async () => {
  const engine = await fakeEngine((one) => {
    if (one.body.includes('silent')) return;
    openStream(one);
    one.res.write(event({ word: 'x' }));
  });
  const other = await fakeEngine(answerWhole);
  const harness = await startRouter({
    routes: [loadedRoute('alpha', engine.upstream), loadedRoute('beta', other.upstream)],
    limits: { connections: 3 },
  });
  const stream = await open(`${harness.url}/v1/chat/completions`, { model: 'alpha', stream: true });
  const silent = [1, 2].map(() => chat(harness.url, { model: 'alpha', prompt: 'silent' }));
  await vi.waitFor(() => expect(engine.received).toHaveLength(3));
  const patient = chat(harness.url, { model: 'alpha', prompt: 'patient' });
  await vi.waitFor(() => expect(harness.inFlight('alpha')).toBe(4));
  harness.tell({ type: 'detach', token: 7, modelId: 'alpha', reason: 'alpha was unloaded by a person.' });
  expect(await harness.nth('detached', 1)).toEqual({ type: 'detached', token: 7, cut: 3 });
  const reply = await stream.over;
  expect(reply.complete).toBe(true);
  expect(lastEvent(reply.text)).toEqual({
    error: { message: 'alpha was unloaded by a person.', type: 'server_error', code: 'UPSTREAM_FAILED' },
  });
  for (const one of await Promise.all(silent)) {
    expect(one.status).toBe(502);
    expect(errorOf(one).message).toBe('alpha was unloaded by a person.');
  }
  await vi.waitFor(() => expect(engine.sockets.every((socket) => socket.destroyed)).toBe(true));
  // The table still said "loaded", but nothing goes to an engine that is being stopped.
  expect(engine.received).toHaveLength(3);
  harness.routes(routeOf('alpha', { state: 'stopping' }), routeOf('alpha', { state: 'unloaded' }));
  await harness.nth('need', 1);
  harness.routes(loadedRoute('alpha', other.upstream));
  expect((await patient).status).toBe(200);
  harness.tell({ type: 'detach', token: 8, modelId: 'nobody', reason: '' });
  expect(await harness.nth('detached', 2)).toEqual({ type: 'detached', token: 8, cut: 0 });
});

test('a model that leaves "loaded" loses its idle connections, and one that moves is followed', async () => {
  const engine = await fakeEngine(answerWhole);
  const moved = await fakeEngine(answerWhole);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  await chat(harness.url, { model: 'alpha' });
  harness.routes(loadedRoute('alpha', moved.upstream));
  await vi.waitFor(() => expect(engine.sockets[0]?.destroyed).toBe(true));
  await chat(harness.url, { model: 'alpha' });
  expect(moved.received).toHaveLength(1);
  harness.routes(loadedRoute('alpha', moved.upstream, { contextLength: 1 }));
  await chat(harness.url, { model: 'alpha' });
  expect(moved.sockets).toHaveLength(1);
  harness.routes(routeOf('alpha', { state: 'stopping' }));
  await vi.waitFor(() => expect(moved.sockets[0]?.destroyed).toBe(true));
});

test('a full accept queue of the engine is waited out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'llr-'));
  const path = join(folder, 'e.sock');
  // It listens with the shortest queue and then does not look at it for a while, like an engine with many new clients.
  const program = `
    const server = require('node:http').createServer((req, res) => { req.resume(); req.on('end', () => res.end('{}')); });
    server.listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => {
      require('node:fs').writeSync(1, 'ready');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    });`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const harness = await startRouter({ routes: [loadedRoute('alpha', { socketPath: path })] });
  const replies = await Promise.all(Array.from({ length: 30 }, () => chat(harness.url, { model: 'alpha' })));
  expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 200));
});
