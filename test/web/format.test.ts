import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curlCommand, displayName, specialModalities } from '../../web/format/model.ts';
import { bytes, exactBytes, parameterCount, percent, plural, tokens } from '../../web/format/numbers.ts';
import { clock, duration, exact, relative, secondsUntil } from '../../web/format/time.ts';
import { aModel, metadata } from '../browser/fixture-models.ts';

/** The no-break space of the product, readable in the tables below. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('numbers', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [91_226_112, '91 MB'],
    [999_499_999, '999 MB'],
    [999_600_000, '1.0 GB'],
    [4_920_734_176, '4.9 GB'],
    [8_988_110_976, '9.0 GB'],
    [99_960_000_000, '100 GB'],
    [1_500_000_000_000, '1.5 TB'],
    [-1, '–'],
    [Number.NaN, '–'],
  ])('%d bytes are %s', (value, text) => {
    expect(plain(bytes(value))).toBe(text);
  });

  it('never prints a fourth digit before the unit changes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (value) => {
        expect(plain(bytes(value))).toMatch(/^\d{1,3}(\.\d)? (B|[kMGTP]B)$/);
      }),
    );
  });

  it.each([
    [512, '512'],
    [2048, '2K'],
    [40_960, '40K'],
    [131_072, '128K'],
    [1_048_576, '1M'],
    [10_000, '10,000'],
  ])('%d tokens are %s', (value, text) => {
    expect(tokens(value)).toBe(text);
  });

  it.each([
    [361_821_120, '362M'],
    [999_600_000, '1B'],
    [8_190_735_360, '8.2B'],
    [140_630_071_296, '141B'],
    [1_000_000_000_000, '1T'],
    [900, '900'],
  ])('%d parameters are %s', (value, text) => {
    expect(parameterCount(value)).toBe(text);
  });

  it('keeps percentages inside 0 to 100 and says one or many', () => {
    expect([-3, 41.7, 250].map(percent).map(plain)).toEqual(['0 %', '42 %', '100 %']);
    expect([0, 1, 1200].map((n) => plain(plural(n, 'model')))).toEqual(['0 models', '1 model', '1,200 models']);
    expect(plain(exactBytes(4_920_734_176))).toBe('4,920,734,176 bytes');
  });
});

describe('time', () => {
  const S = 1000;
  const M = 60 * S;
  const H = 60 * M;
  it.each([
    [-5, '0 s'],
    [42 * S, '42 s'],
    [5 * M, '5 min'],
    [5 * M + 10 * S, '5 min 10 s'],
    [12 * M + 34 * S, '12 min'],
    [2 * H + 5 * M, '2 h 5 min'],
    [3 * 24 * H + 4 * H, '3 d 4 h'],
  ])('%d ms last %s', (ms, text) => {
    expect(plain(duration(ms))).toBe(text);
  });

  it.each([
    [0, 'just now'],
    [-1 * S, 'just now'],
    [-30 * S, '30 s ago'],
    [-4 * M, '4 min ago'],
    [-3 * H, '3 h ago'],
    [-26 * H, '1 day ago'],
    [-72 * H, '3 days ago'],
    [4 * S, 'in 4 s'],
  ])('%d ms from now is %s', (offset, text) => {
    expect(plain(relative(1e12 + offset, 1e12))).toBe(text);
  });

  it('counts down in whole seconds, 1 until the moment itself', () => {
    expect([4000, 3001, 1, 0, -500].map((left) => secondsUntil(1e12 + left, 1e12))).toEqual([4, 4, 1, 0, 0]);
  });

  it('gives the full moment in the zone asked for', () => {
    expect(exact(Date.UTC(2026, 0, 2, 3, 4, 5), 'en-GB', 'UTC')).toBe('2 Jan 2026, 03:04:05');
    expect(exact(Date.UTC(2026, 0, 2, 3, 4, 5), 'en-GB', 'Asia/Tokyo')).toBe('2 Jan 2026, 12:04:05');
  });

  it('gives the time of day on a clock of 24 hours, midnight as 0', () => {
    const midnight = new Date(2026, 0, 2, 0, 5, 9).getTime();
    expect(clock(midnight)).toBe('00:05:09');
    expect(clock(midnight, false)).toBe('00:05');
  });
});

describe('models in text', () => {
  it('leaves out the ending that all of them have', () => {
    expect(displayName({ name: 'Qwen3-8B.GGUF' })).toBe('Qwen3-8B');
    expect(displayName({ name: 'tiny.gguf.v2' })).toBe('tiny.gguf.v2');
  });

  it('points out what is not text', () => {
    const model = aModel('m', {
      metadata: metadata({ inputModalities: ['text', 'image'], outputModalities: ['embedding'] }),
    });
    expect(specialModalities(model)).toEqual(['image', 'embedding']);
    expect(specialModalities(aModel('m', { metadata: null }))).toEqual([]);
  });

  it('writes a command for the endpoint that the model serves', () => {
    const curl = (outputs: ('text' | 'embedding' | 'rank')[]): string =>
      curlCommand(aModel('m', { metadata: metadata({ outputModalities: outputs }) }), 'http://127.0.0.1:8080/');
    expect(curl(['text'])).toContain('curl http://127.0.0.1:8080/v1/chat/completions \\\n');
    expect(curl(['embedding'])).toContain('/v1/embeddings');
    expect(curl(['rank'])).toContain('/v1/rerank');
    expect(curl(['text'])).toContain('"model":"m"');
  });

  it('quotes whatever a file name can hold, so that a shell reads it back unchanged', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const command = curlCommand({ name, metadata: null }, 'http://x');
        const quoted = command.slice(command.indexOf("-d '") + 3);
        // A POSIX shell: inside single quotes everything is literal, and \' between two quoted parts is a quote.
        const read = quoted.slice(1, -1).replaceAll(`'\\''`, "'");
        expect((JSON.parse(read) as { model: string }).model).toBe(displayName({ name }));
        expect(quoted.replaceAll(`'\\''`, '').match(/'/g)).toHaveLength(2);
      }),
    );
  });
});
