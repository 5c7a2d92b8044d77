import { expect, test } from 'vitest';
import { Tail } from '../../src/router/tail.ts';

const facts = (...chunks: string[]): ReturnType<Tail['facts']> => {
  const tail = new Tail();
  for (const chunk of chunks) tail.push(Buffer.from(chunk));
  return tail.facts();
};

const timings = '"timings":{"cache_n":3,"prompt_n":7,"predicted_n":20,"predicted_per_second":123.5}';

test('a whole answer: usage counts, timings give the speed', () => {
  expect(
    facts(`{"choices":[],"usage":{"completion_tokens":21,"prompt_tokens":10,"total_tokens":31},${timings}}`),
  ).toEqual({
    promptTokens: 10,
    completionTokens: 21,
    tokensPerSecond: 123.5,
  });
});

test('a stream without usage: timings alone, cached prompt tokens included', () => {
  expect(facts('data: {"usage":null}\n\n', `data: {"choices":[{}],${timings}}\n\n`, 'data: [DONE]\n\n')).toEqual({
    promptTokens: 10,
    completionTokens: 20,
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

test('what a model writes is not taken for numbers', () => {
  const content = JSON.stringify({ content: '"usage":{"prompt_tokens":1,"completion_tokens":1}' });
  expect(facts(content)).toEqual({ promptTokens: null, completionTokens: null, tokensPerSecond: null });
});

test.each([
  '',
  'not json',
  '{"usage":{"prompt_tokens":',
  '{"usage":{"prompt_tokens":-1,"completion_tokens":"3"}}',
  '{"usage":{bad}}',
])('nothing is made up from %j', (text) => {
  expect(facts(text)).toEqual({ promptTokens: null, completionTokens: null, tokensPerSecond: null });
});
