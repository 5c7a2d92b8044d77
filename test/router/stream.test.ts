import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { expect, test, vi } from 'vitest';
import { call, chat, open } from './support/client.ts';
import { answerWhole, event, fakeEngine, openStream } from './support/fake-engine.ts';
import { startRouter } from './support/harness.ts';
import { loadedRoute } from './support/routes.ts';

test('tokens are passed on as they come, the headers before the first of them', async () => {
  const engine = await fakeEngine(openStream);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const opening = open(`${harness.url}/v1/chat/completions`, { model: 'alpha', stream: true });
  await vi.waitFor(() => expect(engine.received).toHaveLength(1));
  const upstream = engine.received[0]?.res;
  upstream?.flushHeaders();
  const stream = await opening;
  expect(stream.res.headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  expect(stream.res.headers['x-llamactor-queue-position']).toBeUndefined();
  expect(stream.text()).toBe('');
  for (const word of ['one', 'two', 'three']) {
    upstream?.write(event({ word }));
    await vi.waitFor(() => expect(stream.text()).toContain(word), { interval: 1 });
  }
  upstream?.end(event('[DONE]'));
  const reply = await stream.over;
  expect(reply).toMatchObject({
    complete: true,
    text: '{"word":"one"}{"word":"two"}{"word":"three"}[DONE]'.replace(/\{[^}]*\}|\[DONE\]/g, event),
  });
});

test('a finished request is reported with the numbers of the engine, and so is the load', async () => {
  const engine = await fakeEngine(answerWhole);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const before = Date.now();
  await chat(harness.url, { model: 'alpha.gguf' });
  const finished = await harness.finished(1);
  expect(finished).toMatchObject({
    modelId: 'alpha',
    route: '/v1/chat/completions',
    status: 200,
    promptTokens: 11,
    completionTokens: 4,
    tokensPerSecond: 250.5,
    cancelled: false,
  });
  expect(finished.startedAt).toBeGreaterThanOrEqual(before);
  expect(finished.durationMs).toBeGreaterThan(0);
  expect(finished.firstByteMs).toBeGreaterThan(0);
  expect(finished.firstByteMs).toBeLessThanOrEqual(finished.durationMs);
  await vi.waitFor(() => expect(harness.inFlight('alpha')).toBe(0));
  const usage = harness.all('usage').at(-1);
  expect(usage?.total).toBe(0);
  expect(usage?.models[0]?.lastEndedAt).toBeGreaterThanOrEqual(before);
});

test('an idle model that becomes busy is told before the answer ends, and many changes are few messages', async () => {
  const engine = await fakeEngine(answerWhole);
  const held = await fakeEngine(openStream);
  const harness = await startRouter({
    routes: [loadedRoute('alpha', engine.upstream), loadedRoute('beta', held.upstream)],
  });
  const opening = open(`${harness.url}/v1/completions`, { model: 'beta' });
  await vi.waitFor(() => expect(harness.inFlight('beta')).toBe(1), { interval: 1 });
  await vi.waitFor(() => expect(held.received).toHaveLength(1));
  held.received[0]?.res.end('data: x\n\n');
  await (
    await opening
  ).over;
  for (let i = 0; i < 40; i++)
    await Promise.all(Array.from({ length: 5 }, () => chat(harness.url, { model: 'alpha' })));
  await harness.finished(201);
  expect(harness.all('finished').length).toBeLessThan(100);
  expect(harness.all('usage').length).toBeLessThan(200);
  await vi.waitFor(() => expect(harness.inFlight('alpha')).toBe(0));
});

test('a client that leaves ends the generation at once, before and after the first token', async () => {
  const engine = await fakeEngine((one) => {
    openStream(one);
    if (one.body.includes('talk')) one.res.write(event('x'));
  });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const silent = request(`${harness.url}/v1/completions`, { method: 'POST', agent: false });
  silent.on('error', () => undefined);
  silent.end(JSON.stringify({ model: 'alpha', stream: true }));
  await vi.waitFor(() => expect(engine.received).toHaveLength(1));
  const closed = [new Promise((resolve) => engine.received[0]?.res.on('close', resolve))];
  silent.destroy();
  const talking = await open(`${harness.url}/v1/completions`, { model: 'alpha', stream: true, prompt: 'talk' });
  await vi.waitFor(() => expect(talking.text()).not.toBe(''));
  closed.push(new Promise((resolve) => engine.received[1]?.res.on('close', resolve)));
  talking.req.destroy();
  await Promise.all(closed);
  expect(engine.received.every(({ req }) => req.socket.destroyed)).toBe(true);
  expect(await harness.finished(1)).toMatchObject({ cancelled: true, status: 0, firstByteMs: null });
  expect(await harness.finished(2)).toMatchObject({ cancelled: true, status: 200 });
  await vi.waitFor(() => expect(harness.inFlight('alpha')).toBe(0));
});

test('a slow client slows the engine down instead of filling the memory', async () => {
  const piece = Buffer.alloc(64 * 1024, 'x');
  const total = 64 * 1024 * 1024;
  let written = 0;
  let stalled = false;
  const engine = await fakeEngine(({ res }) => {
    res.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': total });
    const pump = (): void => {
      while (written < total) {
        written += piece.length;
        if (!res.write(piece)) {
          stalled = true;
          res.once('drain', () => {
            stalled = false;
            pump();
          });
          return;
        }
      }
      res.end();
    };
    pump();
  });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const res = await new Promise<IncomingMessage>((resolve) => {
    const req = request(`${harness.url}/v1/completions`, { method: 'POST', agent: false }, (response) => {
      response.pause();
      resolve(response);
    });
    req.end(JSON.stringify({ model: 'alpha' }));
  });
  // The engine must come to a stop: nothing written any more over many turns, far before the end.
  let last = -1;
  await vi.waitFor(
    () => {
      const moved = written !== last;
      last = written;
      expect(stalled && !moved).toBe(true);
    },
    { timeout: 10_000, interval: 100 },
  );
  expect(written).toBeLessThan(total / 2);
  let received = 0;
  for await (const part of res) received += (part as Buffer).length;
  expect(received).toBe(total);
});

test('a slow engine slows the client down while it sends', async () => {
  const engine = await fakeEngine(() => undefined);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const piece = Buffer.alloc(4 * 1024 * 1024, 'x');
  const req = request(`${harness.url}/v1/completions`, {
    method: 'POST',
    agent: false,
    headers: { 'transfer-encoding': 'chunked' },
  });
  req.on('error', () => undefined);
  req.write('{"model":"alpha","prompt":"');
  await vi.waitFor(() => expect(engine.sockets).toHaveLength(1));
  engine.sockets[0]?.pause();
  let written = 0;
  let last = -1;
  await vi.waitFor(
    () => {
      while (!req.writableNeedDrain && written < 200 * 1024 * 1024) {
        req.write(piece);
        written += piece.length;
      }
      const moved = written !== last;
      last = written;
      expect(moved).toBe(false);
    },
    { timeout: 20_000, interval: 100 },
  );
  expect(written).toBeLessThan(100 * 1024 * 1024);
  engine.sockets[0]?.resume();
  req.end('"}');
  await vi.waitFor(() => expect(engine.received[0]?.body.length).toBe(written + 27 + 2), { timeout: 20_000 });
  req.destroy();
});

test('fifty streams at once are kept apart', async () => {
  const engine = await fakeEngine((one) => {
    openStream(one);
    const { name } = JSON.parse(one.body.toString()) as { name: string };
    const write = (i: number): void => {
      if (i === 40) {
        one.res.end(event('[DONE]'));
      } else {
        one.res.write(event(`${name}-${i}`));
        setImmediate(() => write(i + 1));
      }
    };
    write(0);
  });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, n) => chat(harness.url, { model: 'alpha', stream: true, name: `n${n}` })),
  );
  replies.forEach((reply, n) => {
    const wanted = [...Array.from({ length: 40 }, (_, i) => `n${n}-${i}`), '[DONE]'];
    expect(reply.text).toBe(wanted.map(event).join(''));
  });
  expect(engine.sockets.length).toBeLessThanOrEqual(50);
});

test('connections to the engine are used again, and never more than allowed', async () => {
  const engine = await fakeEngine(answerWhole);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)], limits: { connections: 3 } });
  for (let i = 0; i < 10; i++) expect((await chat(harness.url, { model: 'alpha' })).status).toBe(200);
  expect(engine.sockets).toHaveLength(1);
  await Promise.all(Array.from({ length: 30 }, () => chat(harness.url, { model: 'alpha' })));
  expect(engine.sockets.length).toBeLessThanOrEqual(3);
  expect(engine.received).toHaveLength(40);
});

test('an engine that closes after every answer is met with new connections, without a single error', async () => {
  const engine = await fakeEngine((one) => {
    one.res.setHeader('connection', 'close');
    answerWhole(one);
  });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  for (let i = 0; i < 20; i++) {
    const replies = await Promise.all([1, 2, 3].map(() => chat(harness.url, { model: 'alpha' })));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
  }
});

test('an answer that comes before the request is complete is delivered, and later requests work', async () => {
  const engine = await fakeEngine(answerWhole);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)], limits: { lingerMs: 50 } });
  const early = await fakeEngine(() => undefined);
  harness.routes(loadedRoute('beta', early.upstream));
  const req = request(`${harness.url}/v1/completions`, {
    method: 'POST',
    agent: false,
    headers: { 'content-length': 1_000_000 },
  });
  req.on('error', () => undefined);
  const answered = new Promise<IncomingMessage>((resolve) => req.on('response', resolve));
  req.write('{"model":"beta","prompt":"');
  await vi.waitFor(() => expect(early.sockets).toHaveLength(1));
  early.sockets[0]?.write('HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\n{}');
  expect((await answered).statusCode).toBe(413);
  expect((await call(`${harness.url}/v1/completions`, { body: { model: 'alpha' } })).status).toBe(200);
  req.destroy();
});
