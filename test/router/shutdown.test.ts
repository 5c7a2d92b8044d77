import { Agent, request } from 'node:http';
import { expect, test, vi } from 'vitest';
import { call, chat, errorOf, open } from './support/client.ts';
import { event, fakeEngine, openStream } from './support/fake-engine.ts';
import { startRouter } from './support/harness.ts';
import { loadedRoute, routeOf } from './support/routes.ts';

test('without requests it ends at once', async () => {
  const harness = await startRouter();
  harness.tell({ type: 'shutdown', deadlineMs: 60_000 });
  await vi.waitFor(() => expect(harness.exits).toEqual([0]));
  await expect(call(`${harness.url}/health`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('what runs may finish; new requests are refused; then it ends and has told everything', async () => {
  const engine = await fakeEngine(openStream);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const kept = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const req = request(`${harness.url}/health`, { agent }, (res) => {
        res.resume();
        res.on('end', () => resolve(res.statusCode));
      });
      req.on('error', reject);
      req.end();
    });
  expect(await kept()).toBe(200);
  const opening = open(`${harness.url}/v1/completions`, { model: 'alpha', stream: true });
  await vi.waitFor(() => expect(engine.received).toHaveLength(1));
  engine.received[0]?.res.write(event('first'));
  const stream = await opening;
  harness.tell({ type: 'shutdown', deadlineMs: 60_000 });
  await expect(call(`${harness.url}/health`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await expect(kept()).rejects.toThrow();
  agent.destroy();
  expect(harness.exits).toEqual([]);
  engine.received[0]?.res.end(event('last'));
  expect(await stream.over).toMatchObject({ complete: true, text: event('first') + event('last') });
  await vi.waitFor(() => expect(harness.exits).toEqual([0]));
  expect(harness.all('finished').flatMap(({ requests }) => requests)).toHaveLength(1);
  expect(harness.inFlight('alpha')).toBe(0);
});

test('at the deadline the rest is ended in band, those who wait too', async () => {
  const engine = await fakeEngine((one) => {
    openStream(one);
    one.res.write(event('first'));
  });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream), routeOf('beta')] });
  const stream = await open(`${harness.url}/v1/completions`, { model: 'alpha', stream: true });
  const patient = chat(harness.url, { model: 'beta' });
  await harness.nth('need', 1);
  harness.tell({ type: 'shutdown', deadlineMs: 50 });
  const reply = await stream.over;
  expect(reply.complete).toBe(true);
  expect(reply.text).toMatch(/^data: first\n\ndata: \{"error":\{"message":"The server is stopping[^\n]*\n\n$/);
  expect(await patient).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  expect(errorOf(await patient).code).toBe('QUEUE_FULL');
  await vi.waitFor(() => expect(harness.exits).toEqual([0]));
  await vi.waitFor(() => expect(engine.sockets.every((socket) => socket.destroyed)).toBe(true));
});
