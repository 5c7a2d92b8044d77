/** Translated requests through the router, with an engine that can be made to fail. */
import { expect, test, vi } from 'vitest';
import { call, open } from './support/client.ts';
import { event, fakeEngine, openStream } from './support/fake-engine.ts';
import { startRouter } from './support/harness.ts';
import { loadedRoute, routeOf } from './support/routes.ts';

const chunk = (content: string): string => event({ choices: [{ delta: { content }, finish_reason: null }] });
const end = event({ choices: [{ delta: {}, finish_reason: 'stop' }], timings: { predicted_n: 2, predicted_ms: 4 } });
const question = { model: 'alpha', messages: [{ role: 'user', content: 'x' }] };
const lines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('Ollama’s lines come as the engine writes, not at the end', async () => {
  const engine = await fakeEngine((received) => {
    openStream(received);
    received.res.write(chunk('one').slice(0, 20));
  });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const opened = open(`${harness.url}/api/chat`, { ...question, options: { num_ctx: 1 }, keep_alive: '10m' });
  await vi.waitFor(() => expect(engine.received).toHaveLength(1));
  const { res } = engine.received[0] ?? {};
  const stream = await opened;
  expect(stream.res.headers).toMatchObject({
    'content-type': 'application/x-ndjson',
    'x-llamactor-ignored-options': 'num_ctx',
  });
  res?.write(chunk('one').slice(20));
  await vi.waitFor(() => expect(lines(stream.text())).toMatchObject([{ message: { content: 'one' }, done: false }]));
  res?.end(`${end}data: [DONE]\n\n`);
  expect(lines((await stream.over).text).at(-1)).toMatchObject({ done: true, done_reason: 'stop', eval_count: 2 });
  expect(await harness.nth('keep', 1)).toEqual({ type: 'keep', modelId: 'alpha', seconds: 600 });
  expect(await harness.finished(1)).toMatchObject({ modelId: 'alpha', route: '/api/chat', status: 200 });
});

test('an engine that breaks off, complains or ends too early is an error line for Ollama’s clients', async () => {
  const ends: ((write: (text: string) => void, destroy: () => void) => void)[] = [
    (_, destroy) => destroy(),
    (write) => write(event({ error: { message: 'it hurts', type: 'server_error' } })),
    () => undefined,
  ];
  for (const [index, finish] of ends.entries()) {
    const engine = await fakeEngine((received) => {
      openStream(received);
      const { res } = received;
      res.write(chunk('one'), () =>
        finish(
          (text) => res.write(text),
          () => res.destroy(),
        ),
      );
      if (index > 0) setImmediate(() => res.end());
    });
    const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
    const reply = await call(`${harness.url}/api/chat`, { body: question });
    const all = lines(reply.text);
    expect(all[0]).toMatchObject({ message: { content: 'one' } });
    expect(all.at(-1)).toMatchObject({ error: expect.any(String) as string });
    expect(all.some(({ done }) => done === true)).toBe(false);
    if (index === 1) expect(all.at(-1)).toMatchObject({ error: 'it hurts' });
  }
});

test('an engine’s refusal keeps its status in each API’s shape', async () => {
  const engine = await fakeEngine(({ res }) => {
    const text = JSON.stringify({ error: { code: 400, message: 'too long', type: 'exceed_context_size_error' } });
    res.writeHead(400, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
  });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const ollama = await call(`${harness.url}/api/chat`, { body: question });
  expect(ollama.status).toBe(400);
  expect(JSON.parse(ollama.text)).toMatchObject({ error: 'too long' });
  const anthropic = await call(`${harness.url}/v1/messages`, { body: question });
  expect(anthropic.status).toBe(400);
  expect(JSON.parse(anthropic.text)).toMatchObject({
    type: 'error',
    error: { type: 'invalid_request_error', message: 'too long' },
  });
});

test('keep_alive 0 without a prompt cuts no running answer: the model goes when it is idle', async () => {
  const engine = await fakeEngine(({ res }) => res.write(event('on')));
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const stream = await open(`${harness.url}/v1/chat/completions`, { model: 'alpha', stream: true });
  const stopped = await call(`${harness.url}/api/generate`, { body: { model: 'alpha', keep_alive: 0 } });
  expect(JSON.parse(stopped.text)).toMatchObject({ done: true, done_reason: 'unload' });
  expect(harness.all('keep')).toEqual([{ type: 'keep', modelId: 'alpha', seconds: 0 }]);
  expect(harness.all('call')).toEqual([]);
  stream.req.destroy();
});

test('waiting clients of Ollama get lines without text, and the error as the last one', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha')], limits: { firstNoteMs: 5, noteEveryMs: 5 } });
  const stream = await open(`${harness.url}/api/generate`, { model: 'alpha', prompt: 'x' });
  await vi.waitFor(() => expect(lines(stream.text()).length).toBeGreaterThan(1));
  harness.tell({ type: 'refused', modelId: 'alpha', code: 'DOES_NOT_FIT', message: 'Too large.', retryAfter: null });
  const all = lines((await stream.over).text);
  expect(all[0]).toMatchObject({ model: 'alpha', response: '', done: false });
  expect(all.at(-1)).toEqual({ error: 'Too large.', code: 'DOES_NOT_FIT' });
});

test('waiting clients of Anthropic get comments, and the error as an event', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha')], limits: { firstNoteMs: 5, noteEveryMs: 5 } });
  const stream = await open(`${harness.url}/v1/messages`, { ...question, stream: true });
  await vi.waitFor(() => expect(stream.text()).toContain(': waiting for model alpha'));
  harness.tell({ type: 'refused', modelId: 'alpha', code: 'QUEUE_FULL', message: 'Full.', retryAfter: 1 });
  const { text } = await stream.over;
  const [, data] = /\nevent: error\ndata: (.*)\n\n$/.exec(text) ?? [];
  expect(JSON.parse(data ?? '')).toMatchObject({
    type: 'error',
    error: { type: 'overloaded_error', message: 'Full.' },
  });
});

test('a slow reader of Ollama’s lines slows the engine down', async () => {
  let written = 0;
  const part = chunk('x'.repeat(64 * 1024));
  const engine = await fakeEngine((received) => {
    openStream(received);
    const more = (): void => {
      while (written < 200 && received.res.write(part)) written += 1;
      written += 1;
      if (written < 200) received.res.once('drain', more);
      else received.res.end(end);
    };
    more();
  });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const stream = await open(`${harness.url}/api/chat`, question);
  stream.res.pause();
  let before = -1;
  await vi.waitFor(
    () => {
      const now = written;
      const still = now === before;
      before = now;
      expect(still).toBe(true);
    },
    { interval: 100, timeout: 10_000 },
  );
  expect(written).toBeLessThan(200);
  stream.res.resume();
  expect(lines((await stream.over).text).at(-1)).toMatchObject({ done: true });
});

test('a form is sent on as it came, to the model that it names', async () => {
  const engine = await fakeEngine(({ res }) => res.end('{"text":"heard"}'));
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream), routeOf('beta')] });
  const form = new FormData();
  form.append('file', new Blob([Buffer.alloc(300_000, 5)]), 'speech.wav');
  form.append('model', 'alpha');
  const response = await fetch(`${harness.url}/v1/audio/transcriptions`, { method: 'POST', body: form });
  expect(await response.json()).toEqual({ text: 'heard' });
  const [{ req, body } = { req: null, body: Buffer.alloc(0) }] = engine.received;
  expect(req?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
  expect(body.length).toBeGreaterThan(300_000);
  const headers = { 'content-type': 'multipart/form-data' };
  const broken = await call(`${harness.url}/v1/audio/transcriptions`, { headers, body: 'x' });
  expect(broken.status).toBe(400);
});

test('unknown paths, methods and models are told in the shape of their API', async () => {
  const { url } = await startRouter({ routes: [routeOf('alpha')] });
  const answers = await Promise.all([
    call(`${url}/api/nothing`),
    call(`${url}/api/chat`),
    call(`${url}/api/show`, { body: { model: 'alpa' } }),
    call(`${url}/api/chat`, { body: { ...question, model: 'alpa' } }),
    call(`${url}/api/tags`, { headers: { host: 'evil.example' } }),
  ]);
  for (const { text } of answers) expect(JSON.parse(text)).toMatchObject({ error: expect.any(String) as string });
  expect(answers.map(({ status }) => status)).toEqual([404, 405, 404, 404, 403]);
  expect(answers[0].text).toContain('POST /api/chat');
  expect(answers[3].text).toContain('alpha');
  const messages = await call(`${url}/v1/messages/batches`, { body: {} });
  expect(JSON.parse(messages.text)).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
  const retrieved = await call(`${url}/v1/models/alpa`, { headers: { 'anthropic-version': '2023-06-01' } });
  expect(JSON.parse(retrieved.text)).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
});

test('Ollama’s clients find it running, and nobody else does', async () => {
  const { url } = await startRouter();
  expect(await call(`${url}/`, { headers: { 'user-agent': 'ollama/0.13.0' } })).toMatchObject({
    status: 200,
    text: 'Ollama is running',
  });
  expect(await call(`${url}/`, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  expect((await call(`${url}/`)).status).toBe(404);
});
