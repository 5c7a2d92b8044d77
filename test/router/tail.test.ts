import { expect, test } from 'vitest';
import { NO_FACTS, Tail, measuredSpeed } from '../../src/router/tail.ts';

const facts = (...chunks: string[]): ReturnType<Tail['facts']> => {
  const tail = new Tail();
  for (const chunk of chunks) tail.push(Buffer.from(chunk));
  return tail.facts();
};

const timings =
  '"timings":{"cache_n":3,"prompt_n":7,"prompt_per_second":456.5,"predicted_n":20,"predicted_per_second":123.5}';

test('a whole answer: usage counts, timings give the speed', () => {
  expect(
    facts(`{"choices":[],"usage":{"completion_tokens":21,"prompt_tokens":10,"total_tokens":31},${timings}}`),
  ).toEqual({
    promptTokens: 10,
    cachedTokens: 3,
    completionTokens: 21,
    promptTokensPerSecond: 456.5,
    tokensPerSecond: 123.5,
  });
});

test('a stream without usage: timings alone, cached prompt tokens included', () => {
  expect(facts('data: {"usage":null}\n\n', `data: {"choices":[{}],${timings}}\n\n`, 'data: [DONE]\n\n')).toEqual({
    promptTokens: 10,
    cachedTokens: 3,
    completionTokens: 20,
    promptTokensPerSecond: 456.5,
    tokensPerSecond: 123.5,
  });
});

test('numbers that are cut over many chunks are put together', () => {
  const text = `{"content":"${'x'.repeat(100_000)}","usage":{"prompt_tokens":4,"completion_tokens":5}}`;
  expect(facts(...(text.match(/.{1,7}/gs) ?? []))).toMatchObject({ promptTokens: 4, completionTokens: 5 });
});

test('the usage in front of a long list of embeddings is found', () => {
  const text = `{"model":"m","object":"list","usage":{"prompt_tokens":9,"total_tokens":9},"data":[${'0.125,'.repeat(50_000)}0]}`;
  expect(facts(text.slice(0, 30_000), text.slice(30_000))).toMatchObject({ promptTokens: 9, completionTokens: null });
});

test('the names used by other APIs count as well', () => {
  expect(facts('{"usage":{"input_tokens":2,"output_tokens":3}}')).toMatchObject({
    promptTokens: 2,
    completionTokens: 3,
  });
});

test('Anthropic’s answers: what was cached stands beside the input, and in streams in the first event', () => {
  const whole = '{"content":[],"usage":{"cache_read_input_tokens":5,"input_tokens":6,"output_tokens":7}}';
  expect(facts(whole)).toMatchObject({ promptTokens: 11, cachedTokens: 5, completionTokens: 7 });
  const start =
    'event: message_start\ndata: {"type":"message_start","message":{"usage":{"cache_read_input_tokens":5,"input_tokens":6,"output_tokens":0}}}\n\n';
  const delta = 'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"word"}}\n\n';
  const end = 'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":700}}\n\n';
  expect(facts(start, ...Array.from({ length: 700 }, () => delta), end)).toMatchObject({
    promptTokens: 11,
    cachedTokens: 5,
    completionTokens: 700,
  });
});

test('cached tokens as OpenAI’s chat and responses APIs tell them', () => {
  const chat = '{"usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":4}}}';
  const responses = '{"usage":{"input_tokens":9,"output_tokens":1,"input_tokens_details":{"cached_tokens":4}}}';
  for (const text of [chat, responses])
    expect(facts(text)).toMatchObject({ promptTokens: 9, cachedTokens: 4, completionTokens: 1 });
});

test('a speed is measured only where there is something between a first and a last token', () => {
  expect(measuredSpeed(11, 500)).toBe(20);
  for (const [tokens, ms] of [
    [1, 500],
    [null, 500],
    [11, 0],
  ] as const)
    expect(measuredSpeed(tokens, ms)).toBeNull();
});

test('what a model writes is not taken for numbers', () => {
  const content = JSON.stringify({ content: '"usage":{"prompt_tokens":1,"completion_tokens":1}' });
  expect(facts(content)).toEqual(NO_FACTS);
});

test.each([
  '',
  'not json',
  '{"usage":{"prompt_tokens":',
  '{"usage":{"prompt_tokens":-1,"completion_tokens":"3"}}',
  '{"usage":{bad}}',
])('nothing is made up from %j', (text) => {
  expect(facts(text)).toEqual(NO_FACTS);
});
