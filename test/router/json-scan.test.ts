import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NESTED } from '../../src/router/body-scan.ts';
import { JsonScan } from '../../src/router/json-scan.ts';

const scan = (text: string, cut: (bytes: Buffer) => Buffer[] = (bytes) => [bytes]): JsonScan => {
  const result = new JsonScan(['model', 'stream']);
  for (const chunk of cut(Buffer.from(text))) result.feed(chunk);
  result.end();
  return result;
};

const everyByte = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** JSON texts of objects, some of which have the fields that are looked for, with odd spacing and escapes. */
const bodies = fc
  .tuple(
    fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 }),
    fc.option(fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 1 })), { nil: undefined }),
    fc.option(fc.oneof(fc.boolean(), fc.jsonValue({ maxDepth: 1 })), { nil: undefined }),
    fc.constantFrom(undefined, 1, '\t', ' \r\n '),
    fc.boolean(),
  )
  .map(([rest, model, stream, indent, escapeAll]) => {
    const text = JSON.stringify({ ...rest, model, stream }, null, indent);
    return escapeAll
      ? text.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
      : text;
  });

const expected = (text: string): Map<string, unknown> => {
  const parsed = JSON.parse(text) as Record<string, unknown>;
  const fields = ['model', 'stream'].filter((key) => Object.hasOwn(parsed, key));
  return new Map(
    fields.map((key) => {
      const value = parsed[key];
      return [key, typeof value === 'object' && value !== null ? NESTED : value];
    }),
  );
};

const sorted = (map: ReadonlyMap<string, unknown>): [string, unknown][] =>
  [...map].sort(([a], [b]) => a.localeCompare(b));

describe('the scan agrees with JSON.parse', () => {
  test('on every object, whole and cut at every byte', () => {
    fc.assert(
      fc.property(bodies, (text) => {
        for (const result of [scan(text), scan(text, everyByte)]) {
          expect(result.problem).toBeNull();
          expect(sorted(result.found)).toEqual(sorted(expected(text)));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('on every object, cut anywhere', () => {
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(200), { maxLength: 8 }), (text, cuts) => {
        const bytes = Buffer.from(text);
        const at = [0, ...cuts.map((c) => Math.min(c, bytes.length)).sort((a, b) => a - b), bytes.length];
        const result = scan(text, () => at.slice(1).map((end, i) => bytes.subarray(at[i], end)));
        expect(result.problem).toBeNull();
        expect(sorted(result.found)).toEqual(sorted(expected(text)));
      }),
    );
  });

  test('that damaged text is damaged: what it refuses, JSON.parse refuses too', () => {
    fc.assert(
      fc.property(
        bodies,
        fc.nat(),
        fc.constantFrom('', ',', '}', ']', '"', '\\', 'x', '0', '{'),
        (text, where, put) => {
          const at = where % (text.length + 1);
          const damaged = text.slice(0, at) + put + text.slice(at + 1);
          const whole = new JsonScan(['no such field']);
          whole.feed(Buffer.from(damaged));
          whole.end();
          if (whole.problem !== null) expect(parses(damaged)).toBe(false);
          const bytewise = new JsonScan(['no such field']);
          for (const chunk of everyByte(Buffer.from(damaged))) bytewise.feed(chunk);
          bytewise.end();
          expect(bytewise.problem).toBe(whole.problem);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('it refuses', () => {
  test.each([
    ['', 'it is empty'],
    ['[]', 'it must be an object'],
    ['"model"', 'it must be an object'],
    ['{"a":1', 'it ends too early, after 6 bytes'],
    ['{"a":1,}', 'there is an unexpected character at byte 7'],
    ['{"a":[1,]}', 'there is an unexpected character at byte 8'],
    ['{"a":[1}', 'there is an unexpected character at byte 7'],
    ['{"a" 1}', 'there is an unexpected character at byte 5'],
    ['{a:1}', 'there is an unexpected character at byte 1'],
    ['{"a":tru}', 'there is an unexpected character at byte 8'],
    ['{"a":01}', 'there is an unexpected character at byte 7'],
    ['{"a":1}x', 'there is an unexpected character at byte 7'],
    ['{"a":"\\x"}', 'there is an unexpected character at byte 7'],
    ['{"model":"\\ud8zz"}', 'its "model" is not a valid string'],
    [`{"model":"${'m'.repeat(5000)}"}`, 'its "model" is longer than 4096 bytes'],
    [`{"a":${'['.repeat(10_001)}`, 'it is nested deeper than 10000 levels at byte 10004'],
  ])('%s', (text, problem) => {
    expect(scan(text).problem).toBe(problem);
    expect(scan(text, everyByte).problem).toBe(problem);
  });
});

test('it is settled as soon as both fields are known, and not before', () => {
  const result = new JsonScan(['model', 'stream']);
  result.feed(Buffer.from('{"nested":{"model":"inner"},"list":["model"],"mod\\u0065l":"alp'));
  expect(result.found.size).toBe(0);
  result.feed(Buffer.from('ha","stream":true'));
  expect(result.found.get('model')).toBe('alpha');
  expect(result.settled).toBe(false);
  result.feed(Buffer.from(','));
  expect(result.settled).toBe(true);
  expect(result.found.get('stream')).toBe(true);
});

test('long names of fields that nobody looks for are fine', () => {
  const result = scan(JSON.stringify({ ['k'.repeat(20_000)]: 'v'.repeat(20_000), model: 'alpha' }));
  expect(result.problem).toBeNull();
  expect(result.found.get('model')).toBe('alpha');
});
