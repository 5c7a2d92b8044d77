import { describe, expect, it } from 'vitest';
import { PassThrough } from 'node:stream';
import { numberBetween, parseDuration, wholeNumber } from '../../src/cli/arguments.ts';
import { createOutput } from '../../src/cli/io.ts';
import { bytes, clock, duration, plural, relative, tokens } from '../../src/cli/text/format.ts';
import { createProgress } from '../../src/cli/text/progress.ts';
import { oneLine, printable } from '../../src/cli/text/sanitize.ts';
import { facts, table } from '../../src/cli/text/table.ts';

describe('sizes', () => {
  it.each([
    [null, '–'],
    [Number.NaN, '–'],
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1024 ** 2 - 1, '1.0 MiB'],
    [1536 * 1024, '1.5 MiB'],
    [4 * 1024 ** 3, '4.0 GiB'],
    [5e20, '444089.2 PiB'],
  ])('%s → %s', (value, text) => expect(bytes(value)).toBe(text));
});

describe('times', () => {
  it.each([
    [-5, '0 ms'],
    [999, '999 ms'],
    [999.6, '1 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [90_000_000, '1 d 1 h'],
  ])('%s ms → %s', (ms, text) => expect(duration(ms)).toBe(text));

  it.each([
    [null, '–'],
    [100_000, 'just now'],
    [99_100, 'just now'],
    [88_000, '12 s ago'],
    [104_000, 'in 4 s'],
    [-7_200_000, '2 h ago'],
  ])('%s seen from 100000 → %s', (at, text) => expect(relative(at, 100_000)).toBe(text));

  it('the time of day has a fixed width', () => expect(clock(0)).toMatch(/^\d\d:\d\d:00\.000$/));
});

it.each([
  [null, '–'],
  [0, '–'],
  [512, '512'],
  [1024, '1k'],
  [131_072, '128k'],
  [5000, '5000'],
])('%s tokens → %s', (count, text) => expect(tokens(count)).toBe(text));

it('plurals', () => {
  expect(plural(1, 'model')).toBe('1 model');
  expect(plural(0, 'model')).toBe('0 models');
  expect(plural(2, 'entry', 'entries')).toBe('2 entries');
});

describe('tables', () => {
  const plain = (_colour: unknown, text: string): string => text;
  const columns = [
    { title: 'name', flexible: true as const },
    { title: 'size', align: 'right' as const },
  ];

  it('align and leave no blanks at the end', () => {
    expect(
      table(
        columns,
        [
          ['a', '1'],
          ['abcdef', '1234'],
        ],
        plain,
        null,
      ),
    ).toBe('NAME    SIZE\na          1\nabcdef  1234\n');
    expect(table([...columns].reverse(), [['1', 'a']], plain, null)).toBe('SIZE  NAME\n   1  a\n');
  });

  it('shorten the flexible column to the terminal, but not to nothing', () => {
    const text = table(columns, [['a very long name of a model', '1234']], plain, 20);
    expect(text.split('\n').map((line) => line.length)).toEqual([20, 20, 0]);
    expect(text).toContain('…');
    expect(table(columns, [['a very long name of a model', '1234']], plain, 5)).toContain('a very …');
  });

  it('count characters, not code units, and paint after measuring', () => {
    const paint = (colour: string | null, text: string): string => (colour === null ? text : `<${text}>`);
    expect(table([{ title: 'x' }, { title: 'y' }], [[{ text: '😀', colour: 'red' }, 'b']], paint, null)).toBe(
      '<X>  <Y>\n<😀>  b\n',
    );
  });

  it('facts align their values', () => {
    expect(
      facts(
        [
          ['a', '1'],
          ['long', '2\n3'],
        ],
        plain,
      ),
    ).toBe('a     1\nlong  2 3\n');
  });
});

describe('foreign text', () => {
  it('loses its control characters and keeps its letters', () => {
    expect(printable('a\u001b[31mb\r\nc\td')).toBe('a\uFFFD[31mb\uFFFD\nc\td');
    expect(oneLine('a\r\n\u0007b')).toBe('a \uFFFDb');
    expect(printable('ä 漢 😀')).toBe('ä 漢 😀');
  });
});

describe('progress without a terminal', () => {
  it('prints a line per label and per ten percent at most', () => {
    let text = '';
    const stream = { write: (piece: string) => (text += piece), on: () => undefined };
    const progress = createProgress(createOutput(stream));
    for (let percent = 0; percent <= 100; percent += 1) progress.update('loading', percent);
    expect(text.trim().split('\n')).toHaveLength(11);
    progress.update('verifying', null);
    progress.update('verifying', null);
    expect(text.endsWith('100 %\nverifying\n')).toBe(true);
  });
});

describe('output', () => {
  it('a reader that goes away aborts it and later writes are dropped', () => {
    const stream = new PassThrough();
    const output = createOutput(stream);
    output.write('kept');
    stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    expect(output.broken.aborted).toBe(true);
    output.write('dropped');
    expect(String(stream.read())).toBe('kept');
  });
});

describe('option values', () => {
  it.each([
    ['30', 30_000],
    ['0.5', 500],
    ['500ms', 500],
    ['30s', 30_000],
    ['2m', 120_000],
    ['2 min', 120_000],
    ['1h', 3_600_000],
  ])('%s → %s ms', (text, ms) => expect(parseDuration(text)).toBe(ms));
  it.each(['', 'soon', '-1', '0', '25h', '1d', '1e3', 'Infinity'])('"%s" is no time', (text) => {
    expect(() => parseDuration(text)).toThrow('Give seconds');
  });
  it.each(['', '0', '11', '1.5', 'x', '0x5', '-1'])('"%s" is no whole number from 1 to 10', (text) => {
    expect(() => wholeNumber(1, 10)(text)).toThrow('from 1 to 10');
  });
  it.each(['', ' ', 'x', '6', 'NaN'])('"%s" is no number from 0 to 5', (text) => {
    expect(() => numberBetween(0, 5)(text)).toThrow('from 0 to 5');
  });
});
