/** A model's process is to be exchanged: what runs ends in peace, what comes meanwhile waits for the new one. */
import { request } from 'node:http';
import { expect, test, vi } from 'vitest';
import { call, chat, open } from './support/client.ts';
import type { Received } from './support/fake-engine.ts';
import { answerWhole, event, fakeEngine, openStream } from './support/fake-engine.ts';
import { startRouter } from './support/harness.ts';
import type { Harness } from './support/harness.ts';
import { loadedRoute, routeOf } from './support/routes.ts';

const inFlight = (harness: Harness, n: number) =>
  vi.waitFor(() => expect(harness.inFlight('alpha')).toBe(n), { interval: 2 });

const streaming = ({ url }: Harness): string => `${url}/v1/chat/completions`;
const stream = (received: Received): void => {
  openStream(received);
  received.res.write(event({ n: 1 }));
};

test('a hold of an idle model is granted at once; new requests wait and are served by the next process', async () => {
  const [old, next] = [await fakeEngine(answerWhole), await fakeEngine(answerWhole)];
  const harness = await startRouter({ routes: [loadedRoute('alpha', old.upstream)] });
  harness.tell({ type: 'hold', token: 7, modelId: 'alpha' });
  expect(harness.all('held')).toEqual([{ type: 'held', token: 7 }]);
  const reply = chat(harness.url, { model: 'alpha' });
  await inFlight(harness, 1);
  harness.routes(routeOf('alpha', { state: 'stopping' }));
  harness.routes(routeOf('alpha', { state: 'loading' }));
  harness.routes(loadedRoute('alpha', next.upstream));
  expect((await reply).status).toBe(200);
  expect([old.received.length, next.received.length]).toEqual([0, 1]);
  // The model was wanted all the time: nobody had to ask for it.
  expect(harness.all('need')).toEqual([]);
});

test('a hold waits for the stream that runs, and for nothing else', async () => {
  const engine = await fakeEngine(stream);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const first = await open(streaming(harness), { model: 'alpha', stream: true });
  harness.tell({ type: 'hold', token: 1, modelId: 'alpha' });
  // Not granted yet, so others are served as before.
  const second = await open(streaming(harness), { model: 'alpha', stream: true });
  engine.received[0]?.res.end('data: [DONE]\n\n');
  expect((await first.over).complete).toBe(true);
  await harness.finished(1);
  expect(harness.all('held')).toEqual([]);
  second.req.destroy();
  expect(await harness.nth('held', 1)).toEqual({ type: 'held', token: 1 });
});

test('a hold that is taken back lets the requests go on; one that is not the present one changes nothing', async () => {
  const engine = await fakeEngine(answerWhole);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  harness.tell({ type: 'hold', token: 1, modelId: 'alpha' });
  const reply = chat(harness.url, { model: 'alpha' });
  await inFlight(harness, 1);
  harness.tell({ type: 'release', token: 99, modelId: 'alpha' });
  expect(engine.received).toHaveLength(0);
  harness.tell({ type: 'release', token: 1, modelId: 'alpha' });
  expect((await reply).status).toBe(200);
});

test('a hold is granted when the process is gone for another reason, and when there is no such model', async () => {
  const engine = await fakeEngine(stream);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const { req } = await open(streaming(harness), { model: 'alpha', stream: true });
  harness.tell({ type: 'hold', token: 1, modelId: 'alpha' });
  harness.routes(routeOf('alpha', { state: 'stopping' }));
  expect(harness.all('held')).toEqual([{ type: 'held', token: 1 }]);
  harness.tell({ type: 'hold', token: 2, modelId: 'nobody' });
  expect(harness.all('held')).toHaveLength(2);
  req.destroy();
});

test('settings that may change live do so for the next request', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha')], settings: { queueLimit: 1 } });
  const first = request(streaming(harness), { method: 'POST', agent: false });
  first.on('error', () => undefined);
  first.end('{"model":"alpha"}');
  await inFlight(harness, 1);
  expect((await chat(harness.url, { model: 'alpha' })).status).toBe(503);
  const { port } = await harness.nth('listening', 1);
  harness.tell({
    type: 'settings',
    settings: {
      host: '127.0.0.1',
      port,
      queueTimeoutMs: 50,
      queueLimit: 2,
      allowedHosts: ['box.lan'],
      allowedOrigins: [],
      captureBodies: false,
      captureBytes: 65_536,
    },
  });
  expect((await chat(harness.url, { model: 'alpha' })).status).toBe(504);
  const named = await call(streaming(harness), { headers: { host: 'box.lan' }, body: { model: 'nobody' } });
  expect(named.status).toBe(404);
  first.destroy();
});
