import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { call, errorOf } from './support/client.ts';
import { startRouter } from './support/harness.ts';
import { loadedRoute, routeOf } from './support/routes.ts';

const METADATA = {
  name: null,
  architecture: 'llama',
  parameters: 116_160,
  sizeLabel: null,
  quantization: 'F16',
  contextLength: 2048,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  embeddingLength: 64,
  vocabularySize: 265,
  inputModalities: ['text' as const],
  outputModalities: ['text' as const],
  hasChatTemplate: true,
  supportsTools: false,
  experts: null,
  license: null,
};

const failed = (code: 'NOT_FOUND' | 'UPSTREAM_FAILED') => ({ code, message: 'It is broken.', retryAfter: null });

test('health answers, with GET and HEAD, with and without /v1', async () => {
  const { url } = await startRouter();
  const reply = await call(`${url}/health`);
  expect(reply).toMatchObject({ status: 200, text: '{"status":"ok"}' });
  expect(await call(`${url}/v1/health/`, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
});

test('the list of models has every usable one, and using it wakes nothing', async () => {
  const harness = await startRouter({
    routes: [
      loadedRoute('alpha', { socketPath: '/nowhere' }, { metadata: METADATA }),
      routeOf('beta', { state: 'loading', progress: 42 }),
      routeOf('gamma', { state: 'error', failure: failed('UPSTREAM_FAILED') }),
      routeOf('gone', { state: 'error', failure: failed('NOT_FOUND') }),
    ],
  });
  const reply = await call(`${harness.url}/v1/models`);
  const list = JSON.parse(reply.text) as { object: string; data: Record<string, unknown>[] };
  expect(list.object).toBe('list');
  expect(list.data.map(({ id }) => id)).toEqual(['alpha', 'beta', 'gamma']);
  expect(list.data[0]).toEqual({
    id: 'alpha',
    object: 'model',
    created: 1_700_000_000,
    owned_by: 'llamactor',
    type: 'model',
    display_name: 'alpha',
    created_at: '2023-11-14T22:13:20.000Z',
    aliases: ['alpha.gguf'],
    status: { value: 'loaded' },
    context_length: 4096,
    architecture: { input_modalities: ['text'], output_modalities: ['text'] },
    meta: { size: 1234, n_ctx: 4096, n_ctx_train: 2048, n_embd: 64, n_params: 116_160, n_vocab: 265, ftype: 'F16' },
  });
  expect(list.data[1]).toMatchObject({ status: { value: 'loading', progress: 42 } });
  expect(list.data[2]).toMatchObject({ status: { value: 'error', failed: true, message: 'It is broken.' } });
  expect(list).toMatchObject({ has_more: false, first_id: 'alpha', last_id: 'gamma' });
  expect(harness.messages.map(({ type }) => type)).toEqual(['listening']);
});

test('one model is found by any of its names, whatever it is made of', async () => {
  const { url } = await startRouter({ routes: [routeOf('org/alpha'), routeOf('ünï')] });
  for (const name of ['org/alpha', 'org%2Falpha', 'ORG/ALPHA.gguf']) {
    expect(JSON.parse((await call(`${url}/v1/models/${name}`)).text)).toMatchObject({ id: 'org/alpha' });
  }
  expect(JSON.parse((await call(`${url}/models/${encodeURIComponent('ünï')}`)).text)).toMatchObject({ id: 'ünï' });
  const unknown = await call(`${url}/v1/models/org/alpa`);
  expect(unknown.status).toBe(404);
  expect(errorOf(unknown)).toEqual({
    message: 'There is no model named "org/alpa". The nearest names are "org/alpha".',
    type: 'invalid_request_error',
    code: 'model_not_found',
  });
  expect((await call(`${url}/v1/models/%zz`)).status).toBe(400);
});

test('an unknown path is answered with what there is', async () => {
  const { url } = await startRouter();
  const reply = await call(`${url}/v2/nothing?x=1`);
  expect(reply.status).toBe(404);
  expect(errorOf(reply)).toMatchObject({ code: 'NOT_FOUND', type: 'invalid_request_error' });
  expect(errorOf(reply).message).toMatch(/"\/v2\/nothing".*POST \/v1\/chat\/completions/);
});

test('a wrong method is answered with the right ones', async () => {
  const { url } = await startRouter();
  const reply = await call(`${url}/v1/chat/completions`);
  expect(reply.status).toBe(405);
  expect(reply.headers.allow).toBe('POST, OPTIONS');
  expect(errorOf(reply).message).toBe('GET is not possible on /v1/chat/completions: use POST.');
  expect((await call(`${url}/v1/models`, { method: 'DELETE' })).headers.allow).toBe('GET, HEAD, OPTIONS');
});

test('hosts and origins that are not allowed are refused on every path', async () => {
  const { url } = await startRouter({
    settings: { allowedHosts: ['box.lan'], allowedOrigins: ['https://app.example'] },
  });
  for (const path of ['/health', '/v1/models', '/nothing']) {
    const rebound = await call(url + path, { headers: { host: 'evil.example' } });
    expect(rebound.status).toBe(403);
    expect(errorOf(rebound)).toMatchObject({ code: 'FORBIDDEN', type: 'permission_error' });
    const foreign = await call(url + path, { headers: { origin: 'https://evil.example' } });
    expect(foreign.status).toBe(403);
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined();
  }
  expect((await call(`${url}/health`, { headers: { host: 'box.lan' } })).status).toBe(200);
});

test('allowed origins may read, preflights included, and nobody else is mentioned', async () => {
  const { url } = await startRouter({ settings: { allowedOrigins: ['https://app.example'] } });
  const plain = await call(`${url}/health`);
  expect(plain.headers['access-control-allow-origin']).toBeUndefined();
  const cross = await call(`${url}/nothing`, { headers: { origin: 'https://app.example' } });
  expect(cross.headers).toMatchObject({ 'access-control-allow-origin': 'https://app.example', vary: 'Origin' });
  const preflight = await call(`${url}/v1/chat/completions`, {
    method: 'OPTIONS',
    headers: {
      origin: 'http://localhost:3000',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-type',
      'access-control-request-private-network': 'true',
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers).toMatchObject({
    'access-control-allow-origin': 'http://localhost:3000',
    'access-control-allow-methods': 'POST, OPTIONS',
    'access-control-allow-headers': 'authorization, content-type',
    'access-control-allow-private-network': 'true',
  });
  const refused = await call(`${url}/v1/chat/completions`, {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  });
  expect(refused.status).toBe(403);
  expect((await call(`${url}/v1/models`, { method: 'OPTIONS' })).headers.allow).toBe('GET, HEAD, OPTIONS');
});

test('an answer is delivered although its request never ends, and then the connection is closed', async () => {
  const { port } = await startRouter({ limits: { lingerMs: 30 } });
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (part: Buffer) => (text += part.toString()));
  socket.write('POST /nothing HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\nsome');
  await new Promise((resolve) => socket.on('close', resolve));
  expect(text).toContain('HTTP/1.1 404');
  expect(text).toContain('"code":"NOT_FOUND"');
});
