import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { call, chat, errorOf } from './support/client.ts';
import { answerWhole, fakeEngine } from './support/fake-engine.ts';
import { startRouter } from './support/harness.ts';
import { loadedRoute, routeOf } from './support/routes.ts';

const twoModels = async () => {
  const engine = await fakeEngine(answerWhole);
  const other = await fakeEngine(answerWhole, { tcp: true });
  const harness = await startRouter({
    routes: [
      loadedRoute('alpha', engine.upstream, { names: ['alpha', 'Alpha-Chat'] }),
      loadedRoute('beta', other.upstream),
    ],
  });
  return { engine, other, harness };
};

const contentOf = (text: string): unknown =>
  (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]?.message.content;

test('the model of the body decides, over unix sockets and ports, with and without /v1', async () => {
  const { engine, other, harness } = await twoModels();
  expect(contentOf((await chat(harness.url, { model: 'alpha' })).text)).toBe('I am alpha');
  expect(contentOf((await chat(harness.url, { model: 'beta.gguf' })).text)).toBe('I am beta.gguf');
  for (const path of ['/chat/completions', '/completions', '/v1/completions', '/embeddings', '/v1/embeddings']) {
    expect((await call(harness.url + path, { body: { model: 'ALPHA-chat' } })).status).toBe(200);
  }
  expect(engine.received.map(({ req }) => req.url)).toEqual([
    '/v1/chat/completions',
    '/v1/chat/completions',
    '/v1/completions',
    '/v1/completions',
    '/v1/embeddings',
    '/v1/embeddings',
  ]);
  expect(other.received).toHaveLength(1);
});

test('the body goes on byte by byte, the query too', async () => {
  const { engine, harness } = await twoModels();
  const body = '{ "messages" : [ ] ,\t"model":"\\u0061lpha", "n":1.0e0, "text":"ä€😀\\/" }\n';
  await call(`${harness.url}/v1/completions?a=1&b=%20`, { body });
  expect(engine.received[0]?.body.toString()).toBe(body);
  expect(engine.received[0]?.req.url).toBe('/v1/completions?a=1&b=%20');
});

test('headers of the connection stay behind, in both directions', async () => {
  const engine = await fakeEngine(({ res }) => {
    res.writeHead(201, {
      'content-type': 'application/json',
      connection: 'keep-alive, x-hop',
      'x-hop': 'engine',
      'x-kept': ['a', 'b'],
      'access-control-allow-origin': '*',
      'keep-alive': 'timeout=5, max=100',
    });
    res.end('{}');
  });
  const { url } = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const reply = await call(`${url}/v1/completions`, {
    body: { model: 'alpha' },
    headers: {
      connection: 'close, x-mine',
      'x-mine': 'secret',
      te: 'trailers',
      cookie: 'session=1',
      origin: 'http://localhost:3000',
      'accept-encoding': 'gzip',
      authorization: 'Bearer key',
      'x-api-key': 'key',
      'x-other': 'kept',
    },
  });
  expect(reply.status).toBe(201);
  expect(reply.headers).toMatchObject({
    'x-kept': 'a, b',
    'x-accel-buffering': 'no',
    'access-control-allow-origin': 'http://localhost:3000',
  });
  expect(reply.headers['x-hop']).toBeUndefined();
  expect(reply.headers['keep-alive']).toBeUndefined();
  const sent = engine.received[0]?.req.headers;
  expect(sent).toMatchObject({
    'x-other': 'kept',
    host: 'localhost',
    connection: 'keep-alive',
    'content-length': '17',
  });
  for (const name of ['x-mine', 'te', 'cookie', 'origin', 'accept-encoding', 'authorization', 'x-api-key'])
    expect(sent).not.toHaveProperty(name);
});

test('an error of the engine is passed on as it is', async () => {
  const text = '{"error":{"code":400,"message":"too long","type":"exceed_context_size_error","n_ctx":256}}';
  const engine = await fakeEngine(({ res }) => res.writeHead(400, { 'content-type': 'application/json' }).end(text));
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  expect(await chat(harness.url, { model: 'alpha' })).toMatchObject({ status: 400, text });
  expect(await harness.finished(1)).toMatchObject({ status: 400, cancelled: false });
});

test('the model may be the last word of 20 MB, with a declared length or without', async () => {
  const { engine, harness } = await twoModels();
  const body = Buffer.from(JSON.stringify({ image: 'QUJD\\n"'.repeat(2_500_000), model: 'alpha' }));
  expect(body.length).toBeGreaterThan(20_000_000);
  const declared = await call(`${harness.url}/v1/chat/completions`, {
    body,
    headers: { 'content-length': body.length },
  });
  expect(contentOf(declared.text)).toBe('I am alpha');
  const chunked = await call(`${harness.url}/v1/chat/completions`, {
    body,
    headers: { 'transfer-encoding': 'chunked' },
  });
  expect(contentOf(chunked.text)).toBe('I am alpha');
  expect(engine.received.map((one) => one.body.equals(body))).toEqual([true, true]);
  expect(engine.received.map(({ req }) => req.headers['content-length'])).toEqual([String(body.length), undefined]);
});

test('the model may be the first word of 20 MB: the rest follows while the engine already reads', async () => {
  const { engine, harness } = await twoModels();
  const body = Buffer.from(JSON.stringify({ model: 'alpha', image: 'A'.repeat(20_000_000) }));
  for (const headers of [
    { 'content-length': body.length },
    { 'transfer-encoding': 'chunked' },
    { expect: '100-continue' },
  ]) {
    expect((await call(`${harness.url}/v1/chat/completions`, { body, headers })).status).toBe(200);
  }
  expect(engine.received.map((one) => one.body.equals(body))).toEqual([true, true, true]);
});

test('a body that comes byte by byte is found and forwarded', async () => {
  const { engine, harness } = await twoModels();
  const body = '{"messages":[{"role":"user","content":"\\"model\\""}],"model":"alpha"}';
  const socket = connect(harness.port, '127.0.0.1').setNoDelay(true);
  let text = '';
  socket.on('data', (part: Buffer) => (text += part.toString()));
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`,
  );
  for (const byte of body) {
    socket.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => socket.on('close', resolve));
  expect(text).toContain('I am alpha');
  expect(engine.received[0]?.body.toString()).toBe(body);
});

test('no model in the body: the query, else the only one that is loaded', async () => {
  const { harness, other } = await twoModels();
  expect((await call(`${harness.url}/v1/completions?model=beta`, { body: '{}' })).status).toBe(200);
  expect(other.received).toHaveLength(1);
  const ambiguous = await call(`${harness.url}/v1/completions`, { body: '{}' });
  expect(ambiguous.status).toBe(400);
  expect(errorOf(ambiguous)).toEqual({
    message: 'The request names no model: add "model" to the body. The models are "alpha", "beta".',
    type: 'invalid_request_error',
    code: 'INVALID_PAYLOAD',
  });
  harness.routes(routeOf('alpha'));
  expect((await call(`${harness.url}/v1/completions`, { body: '{"stream":false}' })).status).toBe(200);
  expect(other.received).toHaveLength(2);
});

test.each([
  ['{"model":5}', 'must be the name of a model'],
  ['{"model":null}', 'must be the name of a model'],
  ['{"model":["alpha"]}', 'must be the name of a model'],
  ['{"model":""}', 'must be the name of a model'],
  ['{"a":1', 'not valid JSON: it ends too early'],
  ['', 'not valid JSON: it is empty'],
  ['[1]', 'not valid JSON: it must be an object'],
  ['{"a":1,,}', 'not valid JSON: there is an unexpected character at byte 7'],
])('the body %s is refused', async (body, message) => {
  const { url } = await startRouter({ routes: [routeOf('alpha'), routeOf('beta')] });
  const reply = await call(`${url}/v1/chat/completions`, { body });
  expect(reply.status).toBe(400);
  expect(errorOf(reply)).toMatchObject({ type: 'invalid_request_error', code: 'INVALID_PAYLOAD' });
  expect(errorOf(reply).message).toContain(message);
});

test('an unknown model is refused with the nearest names', async () => {
  const { url } = await startRouter({ routes: [routeOf('alpha')] });
  const reply = await chat(url, { model: 'alhpa' });
  expect(reply.status).toBe(404);
  expect(errorOf(reply)).toMatchObject({ code: 'model_not_found' });
  expect(errorOf(reply).message).toContain('"alpha"');
});

test('a compressed body is refused', async () => {
  const { url } = await startRouter();
  const reply = await call(`${url}/v1/chat/completions`, { body: 'xxxx', headers: { 'content-encoding': 'gzip' } });
  expect(reply.status).toBe(400);
  expect(errorOf(reply).message).toContain('gzip');
});

test('too large a body is refused by its declared length, and by what arrives', async () => {
  const { url, port } = await startRouter({ limits: { bodyBytes: 1024 * 1024 }, routes: [routeOf('alpha')] });
  const body = Buffer.alloc(1024 * 1024 + 1, 'x');
  body.write('{"prompt":"');
  for (const headers of [{ 'content-length': body.length }, { 'transfer-encoding': 'chunked' }]) {
    const reply = await call(`${url}/v1/completions`, { body, headers });
    expect(reply.status).toBe(413);
    expect(errorOf(reply)).toMatchObject({
      code: 'INVALID_PAYLOAD',
      message: 'The body is larger than 1 MB: send a smaller one.',
    });
  }
  // By the declared length it is refused before anything was sent.
  const socket = connect(port, '127.0.0.1');
  socket.write('POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 999999999999\r\n\r\n');
  const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  expect(first.toString()).toContain('HTTP/1.1 413');
  socket.destroy();
});

test('bodies may not fill the memory together', async () => {
  const { port, url } = await startRouter({ limits: { heldBytes: 100_000 }, routes: [routeOf('alpha')] });
  const first = connect(port, '127.0.0.1');
  first.write(
    `POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 200000\r\n\r\n{"model":"alpha","prompt":"${'x'.repeat(60_000)}`,
  );
  await vi.waitFor(async () => {
    const reply = await call(`${url}/v1/completions`, { body: `{"prompt":"${'x'.repeat(60_000)}` });
    expect(reply.status).toBe(503);
    expect(errorOf(reply).code).toBe('QUEUE_FULL');
    expect(reply.headers['retry-after']).toBe('5');
  });
  first.destroy();
  await vi.waitFor(async () => {
    expect((await call(`${url}/v1/completions`, { body: `{"prompt":"${'x'.repeat(60_000)}` })).status).toBe(400);
  });
});

test('a body that stops coming is given up', async () => {
  const { port } = await startRouter({ limits: { bodyIdleMs: 30, lingerMs: 30 } });
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (part: Buffer) => (text += part.toString()));
  socket.write('POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"model":');
  await new Promise((resolve) => socket.on('close', resolve));
  expect(text).toContain('HTTP/1.1 400');
  expect(text).toContain('did not arrive');
});
