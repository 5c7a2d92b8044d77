/** Ollama's own client for JavaScript, as it comes from npm, against the real router and engine. */
import { Ollama } from 'ollama';
import type { Tool } from 'ollama';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEMO_SENTENCE } from '../../../src/io/gguf/demo-model.ts';
import { STOPS_WITHIN_MS, goesOnFor, onlySlow, startClientModels } from '../../support/client-models.ts';
import type { EngineApp } from '../../support/engine-app.ts';

let app: EngineApp;
let client: Ollama;
beforeAll(async () => {
  app = await startClientModels();
  client = new Ollama({ host: app.app.routerUrl });
});
afterAll(() => app.stop());

const messages = [{ role: 'user', content: 'Who are you?' }];
const options = { temperature: 0, num_ctx: 4096 };
const tools: Tool[] = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: { type: 'object', properties: { city: { type: 'string', description: 'Where' } } },
    },
  },
];

const read = async <T>(stream: AsyncIterable<T>): Promise<T[]> => {
  const parts: T[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
};

it('lists and shows the models, and nothing is loaded by looking', async () => {
  const { models } = await client.list();
  expect(models.map(({ name }) => name).sort()).toEqual(['embedder', 'slow', 'tiny', 'tool']);
  expect(models[0]).toMatchObject({ details: { format: 'gguf', family: 'llama' } });
  expect(models[0]?.digest).toMatch(/^[0-9a-f]{64}$/);
  const tool = await client.show({ model: 'tool:latest' });
  expect(tool.capabilities).toEqual(['completion', 'tools']);
  expect(tool.model_info).toMatchObject({ 'general.architecture': 'llama', 'llama.context_length': 4096 });
  expect((await client.show({ model: 'embedder' })).parameters).toContain('pooling mean');
  expect((await client.ps()).models).toEqual([]);
  expect((await client.version()).version).toMatch(/^\d+\.\d+\.\d+$/);
});

it('chats, loading the model, and says what it cost', async () => {
  const answer = await client.chat({ model: 'tiny:latest', messages, options, stream: false });
  expect(answer).toMatchObject({
    model: 'tiny:latest',
    message: { role: 'assistant', content: DEMO_SENTENCE },
    done: true,
    done_reason: 'stop',
  });
  expect(answer.eval_count).toBeGreaterThan(20);
  expect(answer.prompt_eval_count).toBeGreaterThan(5);
  expect(answer.load_duration).toBeGreaterThan(0);
  expect(answer.eval_duration).toBeGreaterThan(0);
  expect(answer.total_duration).toBeGreaterThan(answer.load_duration);
  const { models } = await client.ps();
  expect(models).toMatchObject([{ name: 'tiny', context_length: 4096 }]);
});

it('streams a chat', async () => {
  const parts = await read(await client.chat({ model: 'tiny', messages, options, stream: true }));
  expect(parts.map(({ message }) => message.content).join('')).toBe(DEMO_SENTENCE);
  expect(parts.length).toBeGreaterThan(20);
  expect(parts.at(-1)).toMatchObject({ done: true, done_reason: 'stop' });
  expect(parts.slice(0, -1).every(({ done }) => !done)).toBe(true);
  const short = await read(
    await client.chat({ model: 'tiny', messages, options: { ...options, num_predict: 3 }, stream: true }),
  );
  expect(short.at(-1)).toMatchObject({ done_reason: 'length', eval_count: 3 });
});

it('generates, through the template and raw', async () => {
  const templated = await client.generate({ model: 'tiny', prompt: 'Who are you?', system: 'Be kind.', options });
  expect(templated).toMatchObject({ response: DEMO_SENTENCE, done: true });
  const raw = await read(await client.generate({ model: 'tiny', prompt: 'Once', raw: true, options, stream: true }));
  expect(raw.map(({ response }) => response).join('')).toBe(DEMO_SENTENCE);
  expect(raw.at(-1)).toMatchObject({ done: true, done_reason: 'stop' });
  // The two prompts have different lengths, and the raw one is all there is.
  expect(raw.at(-1)?.prompt_eval_count).toBeLessThan(templated.prompt_eval_count);
});

it('answers in the form that is asked for', async () => {
  const format = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
  const limited = { ...options, num_predict: 60 };
  const chatted = await client.chat({ model: 'tiny', messages, format, options: limited });
  expect(chatted.message.content.trimStart()).toMatch(/^\{/);
  const generated = await client.generate({ model: 'tiny', prompt: 'x', raw: true, format, options: limited });
  expect(generated.response?.trimStart()).toMatch(/^\{/);
});

it('calls a tool, streamed and whole, and answers to its result', async () => {
  const called = { function: { name: 'get_weather', arguments: { city: 'Paris' } } };
  const whole = await client.chat({ model: 'tool', messages, tools, options });
  expect(whole.message.tool_calls).toMatchObject([called]);
  const parts = await read(await client.chat({ model: 'tool', messages, tools, options, stream: true }));
  expect(parts.flatMap(({ message }) => message.tool_calls ?? [])).toMatchObject([called]);
  const answer = await client.chat({
    model: 'tool',
    tools,
    options,
    messages: [...messages, whole.message, { role: 'tool', content: 'Rain.', tool_name: 'get_weather' }],
  });
  expect(answer.message.content).toBe(DEMO_SENTENCE);
});

it('embeds', async () => {
  const { embeddings, prompt_eval_count } = await client.embed({ model: 'embedder', input: ['one', 'two'] });
  expect(embeddings).toHaveLength(2);
  expect(embeddings[0]?.length).toBe(app.model('embedder').metadata?.embeddingLength);
  expect(prompt_eval_count).toBeGreaterThan(1);
  const { embedding } = await client.embeddings({ model: 'embedder', prompt: 'one' });
  expect(embedding).toEqual(embeddings[0]);
  // Ollama's own words reach the client where the engine cannot do it.
  await expect(client.embed({ model: 'tiny', input: 'x' })).rejects.toMatchObject({ status_code: 501 });
});

it('is told about an unknown model and a bad body in its own words', async () => {
  await expect(client.chat({ model: 'tinny', messages })).rejects.toMatchObject({
    name: 'ResponseError',
    status_code: 404,
    error: expect.stringMatching(/tinny.*\btiny\b/) as string,
  });
  await expect(client.show({ model: 'nobody' })).rejects.toMatchObject({ status_code: 404 });
  await expect(client.chat({ model: 'tiny', messages, format: 'xml' })).rejects.toMatchObject({
    status_code: 400,
    error: '"format" must be "json" or a JSON schema.',
  });
  await expect(client.copy({ source: 'tiny', destination: 'other' })).rejects.toMatchObject({ status_code: 404 });
});

it('loads with an empty request, and unloads with keep_alive 0', async () => {
  await app.app.services.models.unload('tiny', 'test');
  const loaded = await client.generate({ model: 'tiny', prompt: '', keep_alive: '5m' });
  expect(loaded).toMatchObject({ response: '', done: true, done_reason: 'load' });
  expect(app.model('tiny').state).toBe('loaded');
  const streamed = await read(await client.chat({ model: 'tiny', messages: [], stream: true }));
  expect(streamed).toMatchObject([{ done: true, done_reason: 'load' }]);
  const unloaded = await client.generate({ model: 'tiny', prompt: '', keep_alive: 0 });
  expect(unloaded).toMatchObject({ done: true, done_reason: 'unload' });
  expect(app.model('tiny').state).toBe('unloaded');
});

it('that leaves a stream ends the generation', async () => {
  await onlySlow(app);
  const goneOn = await goesOnFor(app, async () => {
    const stream = await client.generate({
      model: 'slow',
      prompt: 'x',
      raw: true,
      stream: true,
      options: { num_predict: 1_000_000 },
    });
    await stream[Symbol.asyncIterator]().next();
    return () => stream.abort();
  });
  expect(goneOn).toBeLessThan(STOPS_WITHIN_MS);
});

it('removes a model’s record and leaves its file', async () => {
  await client.delete({ model: 'embedder' });
  expect((await client.list()).models.map(({ name }) => name)).not.toContain('embedder');
  const { found } = await app.app.services.models.scan({ restoreHidden: true, by: 'test' });
  expect(found).toBe(4);
});
