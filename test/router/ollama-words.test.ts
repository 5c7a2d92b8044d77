import { describe, expect, test } from 'vitest';
import { ToolCalls, deltaOf } from '../../src/router/ollama/deltas.ts';
import { keepAliveSeconds } from '../../src/router/ollama/keep-alive.ts';
import { engineTask } from '../../src/router/ollama/requests.ts';
import { EventLines } from '../../src/router/event-lines.ts';

test.each([
  [300, 300],
  [0, 0],
  ['0', 0],
  ['5m', 300],
  ['1h30m', 5400],
  ['1.5s', 1.5],
  ['250ms', 0.25],
  [-1, -1],
  ['-1', -1],
  ['-5m', -1],
  ['5 minutes', undefined],
  ['', undefined],
  [true, undefined],
  [NaN, undefined],
])('keep_alive %j is %j seconds', (value, seconds) => {
  expect(keepAliveSeconds(value)).toBe(seconds);
});

describe('a chat', () => {
  const ask = (body: object) => engineTask('chat', { messages: [{ role: 'user', content: 'x' }], ...body });

  test('streams unless told otherwise, and asks for the usage', () => {
    expect(ask({})).toMatchObject({
      path: '/v1/chat/completions',
      streams: true,
      body: { stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: 'x' }] },
    });
    expect(ask({ stream: false })).toMatchObject({ streams: false, body: { stream: false } });
  });

  test('turns options round, and says which count for nothing', () => {
    const options = { temperature: 0, num_predict: 5, top_k: 3, stop: ['a'], num_ctx: 8192, num_gpu: 1, seed: null };
    const { body, ignored } = ask({ options });
    expect(body).toMatchObject({ temperature: 0, max_tokens: 5, top_k: 3, stop: ['a'] });
    expect(body).not.toHaveProperty('seed');
    expect(ignored).toEqual(['num_ctx', 'num_gpu']);
    expect(ask({ options: { num_predict: -1 } }).body).not.toHaveProperty('max_tokens');
  });

  test('turns images into addresses with their type', () => {
    const { body } = ask({ messages: [{ role: 'user', content: 'x', images: ['iVBORw0KGgo=', '/9j/4AAQ'] }] });
    expect(body['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'x' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
          { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,/9j/4AAQ' } },
        ],
      },
    ]);
  });

  test('gives tool calls ids, and their answers the same', () => {
    const call = (name: string) => ({ function: { name, arguments: { a: 1 } } });
    const { body } = ask({
      messages: [
        { role: 'assistant', content: '', thinking: 'hm', tool_calls: [call('one'), call('two')] },
        { role: 'tool', content: '2', tool_name: 'two' },
        { role: 'tool', content: '1' },
      ],
    });
    expect(body['messages']).toMatchObject([
      {
        reasoning_content: 'hm',
        tool_calls: [
          { id: 'call_1', type: 'function', function: { name: 'one', arguments: '{"a":1}' } },
          { id: 'call_2', type: 'function', function: { name: 'two', arguments: '{"a":1}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_2' },
      { role: 'tool', tool_call_id: 'call_1' },
    ]);
  });

  test('knows formats and thinking', () => {
    expect(ask({ format: 'json' }).body).toMatchObject({ response_format: { type: 'json_object' } });
    const schema = { type: 'object' };
    expect(ask({ format: schema }).body).toMatchObject({
      response_format: { type: 'json_schema', json_schema: { schema } },
    });
    expect(ask({ think: false }).body).toMatchObject({ chat_template_kwargs: { enable_thinking: false } });
    expect(ask({ think: 'low' }).body).toMatchObject({ chat_template_kwargs: { reasoning_effort: 'low' } });
  });

  test.each([
    [{ messages: 5 }, '"messages" must be a list.'],
    [{ messages: [5] }, '{role, content}'],
    [{ messages: [{ role: 'user', content: 5 }] }, '"content" must be a string.'],
    [{ messages: [{ role: 'user', images: ['<svg>'] }] }, 'base64'],
    [{ options: [] }, '"options" must be an object.'],
    [{ options: { num_predict: 'x' } }, 'num_predict'],
    [{ stream: 'yes' }, '"stream" must be true or false.'],
    [{ format: 'xml' }, '"format" must be'],
    [{ think: 5 }, '"think" must be'],
    [{ keep_alive: 'soon' }, '"keep_alive" must be'],
  ])('%j is refused', (body, words) => {
    expect(() => ask(body)).toThrow(words);
  });

  test.each([
    [{}, 'load'],
    [{ keep_alive: '5m' }, 'load'],
    [{ keep_alive: -1 }, 'load'],
    [{ keep_alive: 0 }, 'unload'],
    [{ keep_alive: '0s' }, 'unload'],
  ])('without messages and with %j it is to %s', (body, does) => {
    expect(engineTask('chat', body)).toMatchObject({ does });
    expect(engineTask('generate', { ...body, prompt: '' })).toMatchObject({ does });
  });
});

test('generate goes through the template, or raw, or fills a gap', () => {
  expect(engineTask('generate', { prompt: 'p', system: 's' })).toMatchObject({
    path: '/v1/chat/completions',
    body: {
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'p' },
      ],
    },
  });
  expect(engineTask('generate', { prompt: 'p', raw: true, options: { num_predict: 3 } })).toMatchObject({
    path: '/completion',
    body: { prompt: 'p', n_predict: 3, stream: true },
  });
  expect(engineTask('generate', { prompt: 'a', suffix: 'b' })).toMatchObject({
    path: '/infill',
    body: { input_prefix: 'a', input_suffix: 'b' },
  });
});

test('embeddings take a text, and embed a list of them too', () => {
  expect(engineTask('embed', { input: ['a', 'b'] })).toMatchObject({
    path: '/v1/embeddings',
    body: { input: ['a', 'b'] },
  });
  expect(engineTask('embeddings', { prompt: 'a' })).toMatchObject({ body: { input: 'a' } });
  expect(() => engineTask('embed', { input: [5] })).toThrow('"input" must be a text or a list of texts.');
  expect(() => engineTask('embeddings', { prompt: ['a'] })).toThrow('"prompt" must be a text.');
});

test('tool calls come together from pieces', () => {
  const calls = new ToolCalls();
  calls.add([{ index: 0, function: { name: 'one', arguments: '{"a"' } }]);
  calls.add([
    { index: 0, function: { arguments: ':1}' } },
    { index: 1, function: { name: 'two', arguments: '' } },
  ]);
  expect(calls.take()).toEqual([
    { function: { index: 0, name: 'one', arguments: { a: 1 } } },
    { function: { index: 1, name: 'two', arguments: {} } },
  ]);
  expect(calls.take()).toEqual([]);
});

test('both forms of the engine are understood', () => {
  expect(deltaOf({ choices: [{ delta: { reasoning_content: 'hm' }, finish_reason: 'length' }] })).toMatchObject({
    thinking: 'hm',
    finish: 'length',
  });
  expect(deltaOf({ choices: [], usage: { prompt_tokens: 2 } })).toMatchObject({
    text: '',
    usage: { prompt_tokens: 2 },
  });
  expect(deltaOf({ content: 'x', stop: true, stop_type: 'limit' })).toMatchObject({ text: 'x', finish: 'length' });
  expect(deltaOf({ error: { message: 'no' } })).toMatchObject({ error: { message: 'no' } });
});

test('an event stream is read whatever way it was cut', () => {
  const text = ': note\n\ndata: {"a":"ü"}\n\nevent: x\r\ndata:two\r\n\r\ndata: [DONE]\n\n';
  for (let size = 1; size < text.length; size += 1) {
    const lines = new EventLines();
    const bytes = Buffer.from(text);
    const found: string[] = [];
    for (let at = 0; at < bytes.length; at += size) found.push(...lines.feed(bytes.subarray(at, at + size)));
    expect(found).toEqual(['{"a":"ü"}', 'two', '[DONE]']);
  }
});
