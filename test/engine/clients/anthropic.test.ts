/** The Anthropic SDK, as it comes from npm, against the real router and engine. */
import Anthropic, { BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEMO_SENTENCE } from '../../../src/io/gguf/demo-model.ts';
import { STOPS_WITHIN_MS, goesOnFor, onlySlow, startClientModels } from '../../support/client-models.ts';
import type { EngineApp } from '../../support/engine-app.ts';

let app: EngineApp;
let client: Anthropic;
beforeAll(async () => {
  app = await startClientModels();
  client = new Anthropic({ apiKey: 'none is needed', baseURL: app.app.routerUrl, maxRetries: 0 });
});
afterAll(() => app.stop());

const messages = [{ role: 'user' as const, content: 'Who are you?' }];
const tools: Anthropic.Tool[] = [
  { name: 'get_weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } },
];

it('lists the models and finds one', async () => {
  const ids: string[] = [];
  for await (const model of client.models.list()) {
    expect(model).toMatchObject({ type: 'model', display_name: expect.any(String) as string });
    expect(Number.isNaN(Date.parse(model.created_at))).toBe(false);
    ids.push(model.id);
  }
  expect(ids.sort()).toEqual(['embedder', 'slow', 'tiny', 'tool']);
  expect(await client.models.retrieve('tiny')).toMatchObject({ id: 'tiny' });
  await expect(client.models.retrieve('tinny')).rejects.toThrow(NotFoundError);
});

it('gets a message, loading its model', async () => {
  const message = await client.messages.create({ model: 'tiny', max_tokens: 200, messages });
  expect(message).toMatchObject({
    type: 'message',
    role: 'assistant',
    model: 'tiny',
    stop_reason: 'end_turn',
    content: [{ type: 'text', text: DEMO_SENTENCE }],
  });
  expect(message.usage.output_tokens).toBeGreaterThan(20);
});

it('streams one', async () => {
  const stream = client.messages.stream({ model: 'tiny', max_tokens: 200, messages });
  let text = '';
  stream.on('text', (part) => (text += part));
  const message = await stream.finalMessage();
  expect(text).toBe(DEMO_SENTENCE);
  expect(message.content).toMatchObject([{ type: 'text', text: DEMO_SENTENCE }]);
});

it('counts tokens', async () => {
  const { input_tokens } = await client.messages.countTokens({ model: 'tiny', messages });
  const { usage } = await client.messages.create({ model: 'tiny', max_tokens: 1, messages });
  expect(input_tokens).toBe(usage.input_tokens + (usage.cache_read_input_tokens ?? 0));
});

it('calls a tool, and answers to its result', async () => {
  const first = await client.messages.create({ model: 'tool', max_tokens: 200, messages, tools });
  const use = first.content.find((block) => block.type === 'tool_use');
  expect(use).toMatchObject({ name: 'get_weather', input: { city: 'Paris' } });
  expect(first.stop_reason).toBe('tool_use');
  const second = await client.messages.create({
    model: 'tool',
    max_tokens: 200,
    tools,
    messages: [
      ...messages,
      { role: 'assistant', content: first.content as Anthropic.ContentBlockParam[] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: use?.id ?? '', content: 'Rain.' }] },
    ],
  });
  expect(second.content).toMatchObject([{ type: 'text', text: DEMO_SENTENCE }]);
});

it('is told about an unknown model and a bad body in its own words', async () => {
  const unknown: unknown = await client.messages
    .create({ model: 'tinny', max_tokens: 5, messages })
    .catch((error: unknown) => error);
  expect(unknown).toBeInstanceOf(NotFoundError);
  expect(unknown).toMatchObject({ error: { type: 'error', error: { type: 'not_found_error' } } });
  expect((unknown as Error).message).toMatch(/tinny.*\btiny\b/);
  const bad: unknown = await client.messages
    .create({ model: 5 as unknown as string, max_tokens: 5, messages })
    .catch((error: unknown) => error);
  expect(bad).toBeInstanceOf(BadRequestError);
  expect(bad).toMatchObject({ error: { type: 'error', error: { type: 'invalid_request_error' } } });
  // The engine's own errors have another shape; what they say stays.
  await expect(
    client.messages.create({ model: 'tiny', max_tokens: 5 } as Anthropic.MessageCreateParamsNonStreaming),
  ).rejects.toMatchObject({
    status: 500,
    error: { type: 'error', error: { type: 'api_error', message: expect.stringMatching(/messages/) as string } },
  });
});

it('that leaves a stream ends the generation', async () => {
  await onlySlow(app);
  const goneOn = await goesOnFor(app, async () => {
    const stream = await client.messages.create({
      model: 'slow',
      max_tokens: 1_000_000,
      messages,
      stream: true,
    });
    await stream[Symbol.asyncIterator]().next();
    return () => stream.controller.abort();
  });
  expect(goneOn).toBeLessThan(STOPS_WITHIN_MS);
});
