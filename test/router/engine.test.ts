import OpenAI, { APIError, APIUserAbortError, BadRequestError, NotFoundError } from 'openai';
import { expect, test, vi } from 'vitest';
import { startRouter } from './support/harness.ts';
import type { Harness } from './support/harness.ts';
import { engineProcess } from './support/engine-process.ts';
import type { EngineProcess } from './support/engine-process.ts';
import { loadedRoute, routeOf } from './support/routes.ts';

const clientOf = (harness: Harness, maxRetries = 0): OpenAI =>
  new OpenAI({ baseURL: `${harness.url}/v1`, apiKey: 'none', maxRetries });

const SENTENCE = 'the quick brown fox jumps over the lazy dog';
const question = { model: 'alpha', messages: [{ role: 'user' as const, content: 'hello' }] };

const isBusy = async (engine: EngineProcess): Promise<boolean> =>
  ((await engine.get('/slots')) as { is_processing: boolean }[]).some((slot) => slot.is_processing);

const untilBusy = (engine: EngineProcess): Promise<void> =>
  vi.waitFor(async () => expect(await isBusy(engine)).toBe(true), { timeout: 10_000 });

/**
 * The engine looks whether the client of a whole answer is still there only after a second in which no request of any kind got
 * a result, so asking for its slots more often than that would keep it from noticing.
 */
const untilIdle = (engine: EngineProcess): Promise<void> =>
  vi.waitFor(async () => expect(await isBusy(engine)).toBe(false), { timeout: 20_000, interval: 1_500 });

test('the OpenAI client gets what it asks for, whole and streamed, and the numbers are the engine’s', async () => {
  const engine = await engineProcess({ sentence: SENTENCE });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const client = clientOf(harness);
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['alpha']);
  expect(await client.models.retrieve('alpha.gguf')).toMatchObject({ id: 'alpha', owned_by: 'llamactor' });

  const whole = await client.chat.completions.create({ ...question, max_completion_tokens: 20 });
  expect(whole.choices[0]?.message.content?.trim()).not.toBe('');
  expect(await harness.finished(1)).toMatchObject({
    status: 200,
    promptTokens: whole.usage?.prompt_tokens,
    completionTokens: whole.usage?.completion_tokens,
  });

  let streamed = '';
  for await (const chunk of await client.chat.completions.create({
    ...question,
    max_completion_tokens: 20,
    stream: true,
  })) {
    streamed += chunk.choices[0]?.delta.content ?? '';
  }
  expect(streamed).toBe(whole.choices[0]?.message.content);
  const finished = await harness.finished(2);
  expect(finished.completionTokens).toBe(whole.usage?.completion_tokens);
  expect(finished.promptTokens).toBe(whole.usage?.prompt_tokens);
  expect(finished.tokensPerSecond).toBeGreaterThan(0);

  const text = await client.completions.create({ model: 'ALPHA', prompt: 'hello', max_tokens: 5 });
  expect(text.usage?.completion_tokens).toBeGreaterThan(0);
});

test('embeddings come through, and their tokens are counted', async () => {
  const engine = await engineProcess({}, ['--embeddings', '--pooling', 'mean']);
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const input = Array.from({ length: 40 }, (_, i) => `text number ${i}`);
  const reply = await clientOf(harness).embeddings.create({ model: 'alpha', input, encoding_format: 'float' });
  expect(reply.data).toHaveLength(40);
  expect(reply.usage.prompt_tokens).toBeGreaterThan(40);
  expect(await harness.finished(1)).toMatchObject({ promptTokens: reply.usage.prompt_tokens, completionTokens: null });
});

test('errors arrive as the errors of the client library, the engine’s own included', async () => {
  const engine = await engineProcess();
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const client = clientOf(harness, 2);
  const unknown = await client.chat.completions
    .create({ ...question, model: 'alhpa' })
    .catch((error: unknown) => error);
  expect(unknown).toBeInstanceOf(NotFoundError);
  expect(unknown).toMatchObject({ code: 'model_not_found', type: 'invalid_request_error' });
  const wrong = await client.chat.completions
    .create({ ...question, messages: [{ role: 'user', content: 5 as unknown as string }] })
    .catch((error: unknown) => error);
  expect(wrong).toBeInstanceOf(BadRequestError);
  const failure = { code: 'DOES_NOT_FIT' as const, message: 'alpha needs 9 GB.', retryAfter: null };
  harness.routes(routeOf('alpha', { state: 'error', failure }));
  const refused = await client.chat.completions.create(question).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(APIError);
  expect(refused).toMatchObject({ status: 507, code: 'DOES_NOT_FIT', message: '507 alpha needs 9 GB.' });
});

test('a stream that waits for its model to load is an ordinary stream for the client', async () => {
  const harness = await startRouter({ routes: [routeOf('alpha')], limits: { firstNoteMs: 10, noteEveryMs: 10 } });
  const stream = await clientOf(harness).chat.completions.create({
    ...question,
    max_completion_tokens: 10,
    stream: true,
  });
  await harness.nth('need', 1);
  const engine = await engineProcess();
  harness.routes(loadedRoute('alpha', engine.upstream));
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  expect(text).not.toBe('');
});

test('fifty streams at once, and more requests on a connection than the engine allows', async () => {
  const engine = await engineProcess({ sentence: SENTENCE });
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const client = clientOf(harness);
  const texts = await Promise.all(
    Array.from({ length: 50 }, async () => {
      let text = '';
      const stream = await client.chat.completions.create({
        ...question,
        max_completion_tokens: 30,
        temperature: 0,
        stream: true,
      });
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      return text;
    }),
  );
  expect(new Set(texts).size).toBe(1);
  expect(texts[0]).not.toBe('');
  for (let i = 0; i < 120; i++) {
    const one = await client.completions.create({ model: 'alpha', prompt: 'hello', max_tokens: 1 });
    expect(one.usage?.completion_tokens).toBe(1);
  }
});

test('a client that leaves stops the generation', async () => {
  const engine = await engineProcess();
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const endless = { model: 'alpha', prompt: 'hello', max_tokens: 1_000_000, ignore_eos: true };
  const client = clientOf(harness);
  for (const stream of [true, false]) {
    const controller = new AbortController();
    const asked = client.completions.create({ ...endless, stream }, { signal: controller.signal });
    // A stream is there as soon as it begins, a whole answer never; either way the abort is what ends it.
    const settled = asked.then(
      () => 'begun',
      (error: unknown) => error,
    );
    await untilBusy(engine);
    if (stream) await settled;
    controller.abort();
    await untilIdle(engine);
    if (!stream) expect(await settled).toBeInstanceOf(APIUserAbortError);
  }
  await vi.waitFor(() => expect(harness.inFlight('alpha')).toBe(0));
});

test('an engine that is killed in the middle of a stream is an error for the client, not an end', async () => {
  const engine = await engineProcess();
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const stream = await clientOf(harness).completions.create({
    model: 'alpha',
    prompt: 'hello',
    max_tokens: 1_000_000,
    stream: true,
    ...{ ignore_eos: true },
  });
  let chunks = 0;
  const read = async (): Promise<void> => {
    for await (const _ of stream) if (++chunks === 3) engine.child.kill('SIGKILL');
  };
  await expect(read()).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' });
  expect(chunks).toBeGreaterThanOrEqual(3);
});

test('detach frees the engine at once, streams and whole answers alike', async () => {
  const engine = await engineProcess();
  const harness = await startRouter({ routes: [loadedRoute('alpha', engine.upstream)] });
  const endless = { model: 'alpha', prompt: 'hello', max_tokens: 1_000_000, ignore_eos: true };
  const whole = clientOf(harness)
    .completions.create(endless)
    .catch((error: unknown) => error);
  const stream = await clientOf(harness).completions.create({ ...endless, stream: true });
  const read = async (): Promise<unknown> => {
    try {
      for await (const _ of stream) if (harness.all('detached').length > 10) break;
      return null;
    } catch (error) {
      return error;
    }
  };
  const reading = read();
  await vi.waitFor(() => expect(harness.inFlight('alpha')).toBe(2));
  await untilBusy(engine);
  harness.tell({ type: 'detach', token: 1, modelId: 'alpha', reason: 'alpha was unloaded.' });
  expect(await harness.nth('detached', 1)).toMatchObject({ cut: 2 });
  expect(await whole).toMatchObject({ status: 502, code: 'UPSTREAM_FAILED' });
  expect(await reading).toMatchObject({ code: 'UPSTREAM_FAILED', message: 'alpha was unloaded.' });
  await untilIdle(engine);
});
