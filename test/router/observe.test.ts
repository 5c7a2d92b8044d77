/** What the router tells of its requests: metrics, the list of this moment, cancelling, captures, tokens as they flow. */
import { request } from 'node:http';
import { expect, test, vi } from 'vitest';
import { parsePrometheus, valueOf } from '../support/prometheus-text.ts';
import type { Family } from '../support/prometheus-text.ts';
import { call, chat, errorOf, open } from './support/client.ts';
import { answerWhole, event, fakeEngine, openStream } from './support/fake-engine.ts';
import { SETTINGS, startRouter } from './support/harness.ts';
import type { Harness } from './support/harness.ts';
import { loadedRoute, routeOf } from './support/routes.ts';

const scrape = async (harness: Harness): Promise<Map<string, Family>> => {
  const reply = await call(`${harness.url}/metrics`);
  expect(reply).toMatchObject({
    status: 200,
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
  });
  return parsePrometheus(reply.text);
};

let tokens = 100;
const inFlight = (harness: Harness) => {
  const token = (tokens += 1);
  harness.tell({ type: 'requests', token });
  return harness.all('requests').find((message) => message.token === token);
};

test('metrics hold what really happened, by model and route', async () => {
  const engine = await fakeEngine(answerWhole);
  const refusing = await fakeEngine(({ res }) => {
    res.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"message":"no","code":400}}');
  });
  const harness = await startRouter({
    routes: [loadedRoute('alpha', engine.upstream), loadedRoute('beta', refusing.upstream)],
  });
  for (let n = 0; n < 3; n += 1) await chat(harness.url, { model: 'alpha' });
  await call(`${harness.url}/v1/embeddings`, { body: { model: 'alpha' } });
  await chat(harness.url, { model: 'beta' });
  for (const name of ['nobody', 'somebody', 'secret prompt']) await chat(harness.url, { model: name });
  await call(`${harness.url}/v1/completions`, { body: 'no json' });
  expect(await harness.finished(9)).toMatchObject({
    modelId: '',
    status: 400,
    errorCode: 'INVALID_PAYLOAD',
    queuedMs: 0,
  });
  const families = await scrape(harness);
  const value = (name: string, labels: Record<string, string> = {}): number => valueOf(families, name, labels);
  const alphaChat = { model: 'alpha', route: '/v1/chat/completions' };
  expect(value('llamactor_requests_total', { ...alphaChat, status: '200' })).toBe(3);
  expect(value('llamactor_requests_total', { model: 'alpha', route: '/v1/embeddings' })).toBe(1);
  expect(value('llamactor_requests_total', { model: 'beta', status: '400' })).toBe(1);
  expect(value('llamactor_requests_total', { model: '(unknown)', status: '404' })).toBe(3);
  expect(value('llamactor_errors_total', { code: 'engine_error' })).toBe(1);
  expect(value('llamactor_errors_total', { code: 'model_not_found' })).toBe(3);
  expect(value('llamactor_errors_total', { code: 'INVALID_PAYLOAD' })).toBe(1);
  expect(value('llamactor_tokens_prompt_total', alphaChat)).toBe(33);
  expect(value('llamactor_tokens_completion_total', alphaChat)).toBe(12);
  expect(value('llamactor_tokens_per_second_sum', alphaChat)).toBe(751.5);
  expect(value('llamactor_request_duration_seconds_count', alphaChat)).toBe(3);
  expect(value('llamactor_in_flight')).toBe(0);
  expect([...families.values()].flatMap(({ samples }) => samples.map(({ labels }) => labels['model']))).not.toContain(
    'secret prompt',
  );
  harness.tell({ type: 'routes', changed: [], removed: ['alpha'] });
  expect(valueOf(await scrape(harness), 'llamactor_requests_total', { model: 'alpha' })).toBe(0);
});

test('the metrics of one engine are somebody else’s', async () => {
  const harness = await startRouter();
  expect((await call(`${harness.url}/metrics?model=alpha`)).status).toBe(404);
});

test('the list says who is served, who waits at which place, and how far a stream is', async () => {
  const engine = await fakeEngine(openStream);
  const harness = await startRouter({
    routes: [loadedRoute('alpha', engine.upstream), routeOf('beta')],
    limits: { connections: 1 },
  });
  const opening = open(`${harness.url}/v1/chat/completions`, { model: 'alpha', stream: true });
  await vi.waitFor(() => expect(engine.received).toHaveLength(1));
  const upstream = engine.received[0]?.res;
  for (let n = 1; n <= 3; n += 1) {
    upstream?.write(event({ n }));
    const stream = await opening;
    await vi.waitFor(() => expect(stream.text()).toContain(`"n":${n}`), { interval: 1 });
  }
  const waiting = [chat(harness.url, { model: 'beta' })];
  await vi.waitFor(() => expect(harness.inFlight('beta')).toBe(1));
  waiting.push(chat(harness.url, { model: 'beta' }));
  await vi.waitFor(() => expect(harness.inFlight('beta')).toBe(2));
  const reading = request(`${harness.url}/v1/completions`, { method: 'POST', headers: { 'content-length': 100 } });
  reading.on('error', () => undefined);
  reading.write('{"prompt":"');
  await vi.waitFor(() => expect(inFlight(harness)?.total).toBe(4));
  expect(inFlight(harness)).toMatchObject({
    requests: [
      { modelId: 'alpha', state: 'serving', position: null, streamed: true, tokens: 3, key: null },
      { modelId: 'beta', state: 'waiting', position: 1, tokens: null },
      { modelId: 'beta', state: 'waiting', position: 2 },
      { modelId: null, state: 'reading', position: null, route: '/v1/completions' },
    ],
  });
  const families = await scrape(harness);
  expect(valueOf(families, 'llamactor_in_flight', { model: 'alpha' })).toBe(1);
  expect(valueOf(families, 'llamactor_queue_depth', { model: 'beta', route: '/v1/chat/completions' })).toBe(2);
  reading.destroy();
  upstream?.end();
  harness.tell({ type: 'refused', modelId: 'beta', code: 'DOES_NOT_FIT', message: 'Too big.', retryAfter: null });
  await Promise.all(waiting);
});

test('a cancelled request ends in band: a stream with an error event, a waiting one with a coded answer', async () => {
  const engine = await fakeEngine(openStream);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream), routeOf('beta')] });
  const opening = open(`${harness.url}/v1/chat/completions`, { model: 'alpha', stream: true });
  await vi.waitFor(() => expect(engine.received).toHaveLength(1));
  engine.received[0]?.res.write(event({ n: 1 }));
  const stream = await opening;
  const waits = chat(harness.url, { model: 'beta' });
  await vi.waitFor(() => expect(harness.inFlight('beta')).toBe(1));
  const ids = inFlight(harness)?.requests.map(({ id }) => id) ?? [];
  expect(new Set(ids).size).toBe(2);
  ids.forEach((id, index) => harness.tell({ type: 'cancel', token: 10 + index, id }));
  harness.tell({ type: 'cancel', token: 12, id: 'nobody' });
  harness.tell({ type: 'cancel', token: 13, id: ids[0] ?? '' });
  expect(harness.all('cancelled').map(({ token, found }) => [token, found])).toEqual([
    [10, true],
    [11, true],
    [12, false],
    [13, false],
  ]);
  const reply = await stream.over;
  expect(reply.text).toContain('"code":"request_cancelled"');
  expect(reply.text).not.toContain('[DONE]');
  const refused = await waits;
  expect(refused).toMatchObject({ status: 409, headers: { 'x-should-retry': 'false' } });
  expect(errorOf(refused).code).toBe('request_cancelled');
  // The engine's connection is gone, so it stops generating.
  await vi.waitFor(() => expect(engine.sockets[0]?.destroyed).toBe(true));
  await harness.nth('unneed', 1);
  await harness.finished(2);
  const rows = harness.all('finished').flatMap(({ requests }) => requests);
  expect(rows.map(({ errorCode, cancelled }) => [errorCode, cancelled])).toEqual([
    ['request_cancelled', false],
    ['request_cancelled', false],
  ]);
});

test('a finished request says what it was: streamed or whole, bytes both ways, cached tokens, speeds', async () => {
  const engine = await fakeEngine((one) => {
    const { stream = false } = JSON.parse(one.body.toString()) as { stream?: boolean };
    if (!stream) return answerWhole(one);
    openStream(one);
    one.res.write(event({ choices: [] }));
    setTimeout(() => {
      one.res.end(
        event({ usage: { prompt_tokens: 8, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 6 } } }),
      );
    }, 20);
  });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const whole = await chat(harness.url, { model: 'alpha' });
  expect(await harness.finished(1)).toMatchObject({
    streamed: false,
    bytesIn: '{"model":"alpha"}'.length,
    bytesOut: whole.text.length,
    cachedTokens: 0,
    errorCode: null,
    retried: false,
    captured: false,
  });
  await chat(harness.url, { model: 'alpha', stream: true });
  const streamed = await harness.finished(2);
  expect(streamed).toMatchObject({ streamed: true, promptTokens: 8, cachedTokens: 6, completionTokens: 5 });
  // This engine reported no speed, so it was measured: four tokens in the time from the first byte to the end.
  const seconds = (streamed.durationMs - (streamed.firstByteMs ?? 0)) / 1000;
  expect(streamed.tokensPerSecond).toBeCloseTo(4 / seconds, 0);
  expect(valueOf(await scrape(harness), 'llamactor_time_to_first_token_seconds_count')).toBe(1);
});

test('nothing is captured unless it is switched on; then bounded, without keys, and off again at once', async () => {
  const engine = await fakeEngine(answerWhole);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  await chat(harness.url, { model: 'alpha' });
  const settings = { ...SETTINGS, captureBodies: true, captureBytes: 40 };
  harness.tell({ type: 'settings', settings });
  const body = { model: 'alpha', prompt: 'x'.repeat(5000) };
  const headers = { authorization: 'Bearer abc', 'x-api-key': 'abc', 'x-stainless-lang': 'js' };
  const reply = await call(`${harness.url}/v1/completions`, { body, headers });
  harness.tell({ type: 'settings', settings: SETTINGS });
  await chat(harness.url, { model: 'alpha' });
  await harness.finished(3);
  const rows = harness.all('finished').flatMap(({ requests }) => requests);
  expect(rows.map(({ captured }) => captured)).toEqual([false, true, false]);
  const [captured, ...others] = harness.all('captured').map((message) => message.request);
  expect(others).toEqual([]);
  expect(captured).toMatchObject({
    id: rows[1]?.id,
    route: '/v1/completions',
    request: {
      bytes: JSON.stringify(body).length,
      headers: { authorization: '[hidden]', 'x-api-key': '[hidden]', 'x-stainless-lang': 'js' },
    },
    response: { status: 200, bytes: reply.text.length },
  });
  expect(Buffer.from(captured?.request.body ?? []).toString()).toBe(JSON.stringify(body).slice(0, 40));
  expect(Buffer.from(captured?.response?.body ?? []).toString()).toBe(reply.text.slice(0, 40));
  expect(JSON.stringify(captured)).not.toContain('abc');
});

test('settings that change count for the next request, without a restart', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha')] });
  const first = chat(harness.url, { model: 'alpha' });
  await vi.waitFor(() => expect(harness.inFlight('alpha')).toBe(1));
  harness.tell({ type: 'settings', settings: { ...SETTINGS, queueLimit: 1, allowedHosts: ['example.test'] } });
  expect(errorOf(await chat(harness.url, { model: 'alpha' })).code).toBe('QUEUE_FULL');
  expect((await call(`${harness.url}/health`, { headers: { host: 'example.test' } })).status).toBe(200);
  harness.tell({ type: 'refused', modelId: 'alpha', code: 'DOES_NOT_FIT', message: 'Too big.', retryAfter: null });
  expect((await first).status).toBe(507);
  expect(harness.all('listening')).toHaveLength(1);
});

test('streamed tokens are told once a second while they flow, and in sum', async () => {
  const engine = await fakeEngine(openStream);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const opening = open(`${harness.url}/v1/chat/completions`, { model: 'alpha', stream: true });
  await vi.waitFor(() => expect(engine.received).toHaveLength(1));
  const upstream = engine.received[0]?.res;
  upstream?.flushHeaders();
  const stream = await opening;
  for (let n = 1; n <= 12; n += 1) {
    upstream?.write(event({ n }));
    await vi.waitFor(() => expect(stream.text()).toContain(`"n":${n}}`), { interval: 1 });
    if (n === 8) await harness.nth('tokens', 1);
  }
  upstream?.end();
  await stream.over;
  await harness.nth('tokens', 2);
  const told = harness.all('tokens');
  expect(told[0]?.models).toEqual([{ modelId: 'alpha', tokens: 8 }]);
  expect(told.flatMap(({ models }) => models).reduce((sum, { tokens }) => sum + tokens, 0)).toBe(12);
});
