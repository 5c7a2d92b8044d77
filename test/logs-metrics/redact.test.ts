import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../src/io/logs/redact.ts';

const HOME = '/home/ada';
const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLWFkYQ';

describe('redact', () => {
  it.each([
    ['Authorization: Bearer abcdef123456', 'Authorization: Bearer [hidden]'],
    ['authorization: basic QWRhOnNlY3JldA==', 'authorization: basic [hidden]'],
    ['key sk-proj-abcdefgh12345678 used', 'key [hidden] used'],
    ['hf_abcdefghijklmnop', '[hidden]'],
    ['llama-server --api-key s3cret --port 1', 'llama-server --api-key [hidden] --port 1'],
    ['llama-server --api-key=s3cret', 'llama-server --api-key=[hidden]'],
    ["llama-server --api-key 's3 cret' x", 'llama-server --api-key [hidden] x'],
    [`cookie=${token};`, 'cookie=[hidden];'],
    ['{"apiKey":"s3cret-value","n":1}', '{"apiKey":"[hidden]","n":1}'],
    ['OPENAI_API_KEY=s3cret-value', 'OPENAI_API_KEY=[hidden]'],
    ['password: hunter22', 'password: [hidden]'],
    ['https://ada:s3cret@example.org/x', 'https://ada:[hidden]@example.org/x'],
    ['GET /x?token=abcd1234efgh&y=1', 'GET /x?token=[hidden]&y=1'],
    ['/home/ada/models/a.gguf and /home/ada', '~/models/a.gguf and ~'],
  ])('%s', (text, expected) => {
    expect(redact(text, HOME)).toBe(expected);
  });

  it.each([
    'BOS token = 128000, EOS token = 2 </s>',
    'n_tokens = 4096, max tokens: 512, prompt tokens: 12',
    '/home/adam/models and /home/ada2',
    'the token was refused',
    'loading task-1234 of disk-0001',
    'http://127.0.0.1:8080/v1/models',
  ])('leaves alone: %s', (text) => {
    expect(redact(text, HOME)).toBe(text);
  });

  it('does not turn every path into the home folder where that is "/"', () => {
    expect(redact('/models/a.gguf', '/')).toBe('/models/a.gguf');
  });

  it('treats a home folder with special characters literally', () => {
    expect(redact('/home/a+b(c)/x /home/aab/x', '/home/a+b(c)')).toBe('~/x /home/aab/x');
  });

  it('changes nothing more when it is applied twice', () => {
    const words = fc.constantFrom(
      '--api-key',
      'x',
      ' ',
      'Bearer',
      token,
      'password=',
      'abcdef',
      ':',
      '//',
      '@',
      '"',
      'sk-',
      HOME,
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (parts) => {
        const once = redact(parts.join(' '), HOME);
        expect(redact(once, HOME)).toBe(once);
        expect(once).not.toContain(token);
      }),
    );
  });
});
