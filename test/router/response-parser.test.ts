import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ResponseParser } from '../../src/router/response-parser.ts';
import type { ResponseHead } from '../../src/router/response-head.ts';

interface Parsed {
  status: number;
  headers: ResponseHead['headers'];
  keepAlive: boolean;
  idleMs: number | null;
  body: string;
  done: boolean;
  /** How many pieces of the body said that they were the last. */
  lasts: number;
}

/** Feeds the pieces one by one, each overwritten afterwards, as the shared buffer is. */
const parse = (pieces: readonly (string | Buffer)[], { close = false, hasBody = true } = {}): Parsed => {
  const heads: ResponseHead[] = [];
  let body = '';
  let lasts = 0;
  const parser = new ResponseParser(
    {
      head: (value) => heads.push(value),
      data: (bytes, last) => {
        body += bytes.toString('latin1');
        if (last) lasts++;
      },
    },
    hasBody,
  );
  for (const piece of pieces) {
    const bytes = Buffer.from(piece as string, 'latin1');
    parser.feed(bytes);
    bytes.fill(0x58);
  }
  if (close) parser.finish();
  const { status = 0, headers = {}, keepAlive = false, idleMs = null } = heads[0] ?? {};
  return { status, headers, keepAlive, idleMs, body, done: parser.done, lasts };
};

const cutAt = (text: string, cuts: readonly number[]): string[] => {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => text.slice(from, places[index] ?? text.length)).filter((part) => part);
};

const LENGTH =
  'HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nKeep-Alive: timeout=5, max=100\r\nContent-Length: 5\r\nContent-Type: a/b\r\n\r\nhello';
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: one\r\nX: two\r\nx: three\r\n\r\n4\r\ndata\r\nA;name="v"\r\n0123456789\r\n1\r\n\n\r\n000\r\nTrailer: t\r\n\r\n';
const CONTINUED = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${LENGTH}`;

test.each([
  ['with a length', LENGTH, { status: 200, body: 'hello', keepAlive: true, idleMs: 5000, done: true, lasts: 1 }],
  ['in chunks', CHUNKED, { body: 'data0123456789\n', keepAlive: true, idleMs: null, done: true }],
  ['after informational ones', CONTINUED, { status: 200, body: 'hello', done: true }],
  ['of no bytes', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', { body: '', done: true, lasts: 0 }],
  ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, done: true }],
  ['without a reason', 'HTTP/1.1 500\r\ncontent-length: 1\r\n\r\nx', { status: 500, body: 'x', done: true }],
  [
    'that closes',
    'HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 1\r\n\r\nx',
    { keepAlive: false, done: true },
  ],
  ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx', { keepAlive: false, body: 'x', done: true }],
])('an answer %s is the same however it is cut', (_, text, wanted) => {
  const whole = parse([text]);
  expect(whole).toMatchObject(wanted);
  for (let at = 1; at < text.length; at++) {
    const { lasts: __, ...cut } = parse([text.slice(0, at), text.slice(at)]);
    expect({ ...cut, lasts: whole.lasts }).toEqual(whole);
  }
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 40 }), (cuts) => {
      const { lasts: __, ...cut } = parse(cutAt(text, cuts));
      expect({ ...cut, lasts: whole.lasts }).toEqual(whole);
    }),
    { numRuns: 200 },
  );
});

test('names are in lower case and repeated ones a list; names of Object are nobody’s header', () => {
  expect(parse([CHUNKED]).headers).toEqual({ 'transfer-encoding': 'chunked', x: ['one', 'two', 'three'] });
  const odd = parse(['HTTP/1.1 200 OK\r\n__proto__: a\r\n__proto__: b\r\nconstructor: c\r\ncontent-length: 0\r\n\r\n']);
  expect(odd.headers).toEqual({ 'content-length': '0' });
  expect(odd.headers['x']).toBeUndefined();
});

test('a body without length or chunks ends with the connection, and only such a one may', () => {
  const open = 'HTTP/1.1 200 OK\r\n\r\nall of it';
  expect(parse([open])).toMatchObject({ body: 'all of it', done: false, keepAlive: false });
  expect(parse([open], { close: true })).toMatchObject({ done: true });
  for (let at = 0; at < LENGTH.length; at++) expect(parse([LENGTH.slice(0, at)], { close: true }).done).toBe(false);
  for (let at = 0; at < CHUNKED.length; at++) expect(parse([CHUNKED.slice(0, at)], { close: true }).done).toBe(false);
});

test('the answer to HEAD has no body, whatever length it tells', () => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n';
  expect(parse([head], { hasBody: false })).toMatchObject({ status: 200, done: true });
});

test('large bodies arrive whole, in pieces and in chunks', () => {
  const text = 'x'.repeat(1_000_000);
  const length = `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
  const chunked = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
  for (const answer of [length, chunked]) {
    const pieces = Array.from({ length: Math.ceil(answer.length / 65_536) }, (_, index) =>
      answer.slice(index * 65_536, (index + 1) * 65_536),
    );
    const parsed = parse(pieces);
    expect(parsed.done).toBe(true);
    expect(parsed.body === text).toBe(true);
  }
});

const withHead = (...lines: string[]): string => `HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\n\r\n`;
const inChunks = (body: string): string => `${withHead('transfer-encoding: chunked')}${body}`;

test.each([
  ['another protocol', 'SSH-2.0-x\r\n\r\n'],
  ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['a change of the protocol', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n'],
  ['a length beside chunks', withHead('content-length: 3', 'transfer-encoding: chunked')],
  ['two lengths', withHead('content-length: 3', 'content-length: 4')],
  ['twice the same length', withHead('content-length: 3', 'content-length: 3')],
  ['a list of lengths', withHead('content-length: 3, 3')],
  ['a negative length', withHead('content-length: -1')],
  ['a signed length', withHead('content-length: +1')],
  ['a hexadecimal length', withHead('content-length: 0x10')],
  ['an endless length', withHead(`content-length: ${'9'.repeat(16)}`)],
  ['an empty length', withHead('content-length: ')],
  ['an unknown coding', withHead('transfer-encoding: gzip')],
  ['a coding before chunks', withHead('transfer-encoding: gzip, chunked')],
  ['two codings', withHead('transfer-encoding: chunked', 'transfer-encoding: chunked')],
  ['a folded header', withHead('x: a', ' b: c')],
  ['a space before the colon', withHead('content-length : 3')],
  ['a header without a colon', withHead('nothing')],
  ['a header without a name', withHead(': x')],
  ['a zero byte in a header', withHead('x: a\0b')],
  ['a lone line feed in a header', withHead('x: a\ny: b')],
  ['a lone carriage return in a header', withHead('x: a\ry: b')],
  ['no end of the headers', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(70_000)}`],
  ['bytes behind the end', `${LENGTH}HTTP/1.1 200 OK\r\n\r\n`],
  ['bytes behind an answer without a body', 'HTTP/1.1 204 No\r\n\r\nx'],
  ['a chunk longer than it says', inChunks('2\r\nabc\r\n')],
  ['a chunk whose size is no number', inChunks('g\r\n')],
  ['a negative chunk', inChunks('-1\r\n')],
  ['an empty size', inChunks('\r\n')],
  ['a size with 0x', inChunks('0x2\r\nab\r\n')],
  ['a chunk line with a lone line feed', inChunks('2\nab\n')],
  ['an endless chunk line', inChunks(`1;${'a'.repeat(5000)}`)],
  ['an endless size', inChunks(`${'0'.repeat(13)}1\r\n`)],
  ['endless trailers', inChunks(`0\r\n${'a: b\r\n'.repeat(2000)}`)],
])('%s is refused', (_, text) => {
  expect(() => parse([text])).toThrow(expect.objectContaining({ code: 'BAD_RESPONSE' }));
  // Also where the trap springs byte by byte.
  expect(() => parse(Array.from(text, (byte) => byte))).toThrow(expect.objectContaining({ code: 'BAD_RESPONSE' }));
});

test('whatever it is fed, it ends or refuses, and never makes up bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(), { maxLength: 5 }), (noise, cuts) => {
      const text = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${Buffer.from(noise).toString('latin1')}`;
      try {
        expect(parse(cutAt(text, cuts), { close: true }).body.length).toBeLessThanOrEqual(noise.length);
      } catch (error) {
        expect(error).toMatchObject({ code: 'BAD_RESPONSE' });
      }
    }),
    { numRuns: 500 },
  );
});
