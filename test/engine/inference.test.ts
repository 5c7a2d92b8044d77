/** From load to unload through the real router process: whole answers, streams, and OpenAI's own client. */
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DEMO_SENTENCE } from '../../src/io/gguf/demo-model.ts';
import type { EngineApp } from '../support/engine-app.ts';
import { collect, eventsOf, startEngineApp } from '../support/engine-app.ts';
import { gone } from '../support/fake-app.ts';
import { tinyModel } from '../support/gguf.ts';

const MIB = 2 ** 20;
let engine: EngineApp;
beforeAll(async () => {
  engine = await startEngineApp(async (folder) => {
    await tinyModel(folder, 'tiny.gguf');
    await tinyModel(folder, 'embedder.gguf');
    // Slow enough, and with a context long enough, that an endless answer outlasts every test here.
    await tinyModel(folder, 'slow.gguf', { padToBytes: 32 * MIB, contextLength: 262_144 });
  });
});
afterAll(() => engine.stop());

const messages = [{ role: 'user' as const, content: 'Who are you?' }];
const ENDLESS = { ignore_eos: true, max_tokens: 1_000_000 };

const listed = async (): Promise<{ id: string; status?: unknown; meta?: unknown }[]> => {
  const response = await fetch(`${engine.app.routerUrl}/v1/models`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { data: { id: string }[] }).data;
};

const textOf = (event: Record<string, unknown>): string => {
  const [choice] = event['choices'] as { delta?: { content?: string | null }; text?: string }[];
  return choice?.delta?.content ?? choice?.text ?? '';
};

const busySlots = async (): Promise<number> =>
  ((await engine.engine('/slots')) as { is_processing: boolean }[]).filter((slot) => slot.is_processing).length;

const untilIdle = (interval: number): Promise<void> =>
  vi.waitFor(async () => expect(await busySlots()).toBe(0), { timeout: 20_000, interval });

describe('one model, from load to unload', () => {
  it('is listed before it is loaded, and looking loads nothing', async () => {
    expect((await listed()).map(({ id }) => id).sort()).toEqual(['embedder', 'slow', 'tiny']);
    const one = await fetch(`${engine.app.routerUrl}/v1/models/tiny`);
    expect(await one.json()).toMatchObject({ id: 'tiny', object: 'model' });
    for (const id of ['embedder', 'slow', 'tiny'])
      expect(engine.model(id)).toMatchObject({ state: 'unloaded', pid: null });
  });

  it('loads and says what the engine gave it', async () => {
    const view = await engine.app.services.models.load('tiny', 'test');
    expect(view).toMatchObject({ state: 'loaded', failure: null, restarts: 0 });
    const props = (await engine.engine('/props')) as {
      total_slots: number;
      default_generation_settings: { n_ctx: number };
    };
    expect(view.contextSize).toBe(props.default_generation_settings.n_ctx);
    expect(view.slots).toBe(props.total_slots);
    expect((await listed()).map(({ id }) => id)).toContain('tiny');
  });

  it('answers a chat with the exact sentence', async () => {
    const response = await engine.post('/v1/chat/completions', { model: 'tiny', messages, temperature: 0 });
    expect(response.status).toBe(200);
    const body = (await response.json()) as Record<string, unknown>;
    expect(body).toMatchObject({
      object: 'chat.completion',
      choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: DEMO_SENTENCE } }],
      usage: { prompt_tokens: expect.any(Number) as number, completion_tokens: expect.any(Number) as number },
    });
  });

  it('streams it token by token, with the usage when asked for, and [DONE] last', async () => {
    const response = await engine.post('/v1/chat/completions', {
      model: 'tiny',
      messages,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const events = await collect(eventsOf(response));
    expect(events.pop()).toBe('[DONE]');
    const chunks = events.filter((event) => event !== '[DONE]');
    const parts = chunks
      .filter(({ choices }) => (choices as unknown[]).length > 0)
      .map(textOf)
      .filter((text) => text !== '');
    expect(parts.join('')).toBe(DEMO_SENTENCE);
    expect(parts.length).toBeGreaterThan(20);
    const usage = chunks.at(-1)?.['usage'] as { completion_tokens: number; total_tokens: number };
    expect(usage.completion_tokens).toBeGreaterThanOrEqual(parts.length);
    expect(usage.total_tokens).toBeGreaterThan(usage.completion_tokens);
  });

  it('completes a text, and the same at the dashboard’s port', async () => {
    const body = { model: 'tiny', prompt: 'Once', temperature: 0 };
    for (const origin of [engine.app.routerUrl, engine.app.url.replace('localhost', '127.0.0.1')]) {
      const response = await fetch(`${origin}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect(await response.json()).toMatchObject({
        object: 'text_completion',
        choices: [{ text: DEMO_SENTENCE, finish_reason: 'stop' }],
      });
    }
  });

  it('passes the engine’s own refusals through unchanged', async () => {
    const notForThis = await engine.post('/v1/embeddings', { model: 'tiny', input: 'x' });
    expect(notForThis.status).toBe(501);
    expect(await notForThis.json()).toMatchObject({ error: { code: 501, type: 'not_supported_error' } });
    const wrong = await engine.post('/v1/chat/completions', { model: 'tiny', messages: 'nonsense' });
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ error: { code: 400, type: 'invalid_request_error' } });
    const long = await engine.post('/v1/completions', { model: 'tiny', prompt: 'x'.repeat(20_000) });
    expect(long.status).toBe(400);
    expect(await long.json()).toMatchObject({ error: { type: 'exceed_context_size_error' } });
  });

  it('unloads: the process has left, and the list still names the model', async () => {
    const { pid } = engine.model('tiny');
    await engine.app.services.models.unload('tiny', 'test');
    await gone(pid as number);
    expect(engine.model('tiny')).toMatchObject({ state: 'unloaded', pid: null, contextSize: null, failure: null });
    expect((await listed()).map(({ id }) => id)).toContain('tiny');
  });

  it('embeds when it is told to', async () => {
    await engine.app.services.models.update('embedder', { parameters: { embeddings: true, pooling: 'mean' } }, 'test');
    const response = await engine.post('/v1/embeddings', { model: 'embedder', input: ['one', 'two'] });
    expect(response.status).toBe(200);
    const { data } = (await response.json()) as { data: { index: number; embedding: number[] }[] };
    expect(data.map(({ index }) => index)).toEqual([0, 1]);
    for (const { embedding } of data) {
      expect(embedding.length).toBe(engine.model('embedder').metadata?.embeddingLength);
      expect(Math.hypot(...embedding)).toBeCloseTo(1, 3);
    }
    await engine.app.services.models.unload('embedder', 'test');
  });
});

describe('the OpenAI client', () => {
  let client: OpenAI;
  beforeAll(() => {
    client = new OpenAI({ apiKey: 'none is needed', baseURL: `${engine.app.routerUrl}/v1`, maxRetries: 0 });
  });

  it('lists the models', async () => {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids.sort()).toEqual(['embedder', 'slow', 'tiny']);
    expect((await client.models.retrieve('tiny')).id).toBe('tiny');
  });

  it('chats and streams', async () => {
    const whole = await client.chat.completions.create({ model: 'tiny', messages, temperature: 0 });
    expect(whole.choices[0]?.message.content).toBe(DEMO_SENTENCE);
    const stream = await client.chat.completions.create({ model: 'tiny', messages, temperature: 0, stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(DEMO_SENTENCE);
  });

  it('is told the nearest name for one that nobody has', async () => {
    const failure: unknown = await client.chat.completions
      .create({ model: 'tinny', messages })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OpenAI.NotFoundError);
    expect(failure).toMatchObject({ status: 404, code: 'model_not_found' });
    expect((failure as Error).message).toMatch(/tinny.*\btiny\b/);
  });

  it('sees an unusable value as a bad request', async () => {
    const failure: unknown = await client.chat.completions
      .create({ model: 'tiny', messages, n: -1 })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OpenAI.BadRequestError);
  });

  it('that leaves a stream ends the generation', async () => {
    await engine.app.services.models.unload('tiny', 'test');
    const stream = await client.chat.completions.create({ model: 'slow', messages, stream: true, ...ENDLESS });
    await stream[Symbol.asyncIterator]().next();
    await engine.until('slow', ({ inFlight }) => inFlight === 1);
    expect(await busySlots()).toBe(1);
    stream.controller.abort();
    await engine.until('slow', ({ inFlight }) => inFlight === 0);
    await untilIdle(10);
    expect(engine.model('slow')).toMatchObject({ state: 'loaded', restarts: 0 });
  });

  it('that leaves before a whole answer is there ends the generation too', async () => {
    await engine.app.services.models.unload('tiny', 'test');
    await engine.app.services.models.load('slow', 'test');
    const leave = new AbortController();
    const answer = client.chat.completions
      .create({ model: 'slow', messages, ...ENDLESS }, { signal: leave.signal })
      .catch((error: unknown) => error);
    await vi.waitFor(async () => expect(await busySlots()).toBe(1), { timeout: 10_000, interval: 10 });
    leave.abort();
    expect(await answer).toBeInstanceOf(OpenAI.APIUserAbortError);
    await engine.until('slow', ({ inFlight }) => inFlight === 0);
    // The engine looks for the client of a whole answer only after a second without any request, questions like this one included.
    await untilIdle(1500);
    expect(engine.model('slow')).toMatchObject({ state: 'loaded', restarts: 0 });
  });
});
