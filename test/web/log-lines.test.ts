/** The log as the page holds it. */
import { describe, expect, it } from 'vitest';
import type { LogEntryView } from '../../src/contracts/views.ts';
import { ansiSpans, withoutAnsi } from '../../web/pages/logs/ansi.ts';
import {
  filterLines,
  indexAt,
  linesAsJson,
  linesAsText,
  mergeLines,
  momentOf,
  MOST_LINES,
} from '../../web/pages/logs/log-lines.ts';
import { someLines } from '../browser/fixture-data.ts';

const line = (id: number | string, parts: Partial<LogEntryView> = {}): LogEntryView => ({
  id: String(id),
  timestamp: 1_764_000_000_000 + Number.parseInt(String(id), 10) * 1000,
  level: 'info',
  message: `line ${id}`,
  source: 'server',
  ...parts,
});
const ids = (lines: readonly LogEntryView[]): string[] => lines.map(({ id }) => id);

describe('lines', () => {
  it('from pages and from live come together in order, each once', () => {
    const first = mergeLines([], [line(3), line(2), line(1)]);
    expect(ids(first)).toEqual(['1', '2', '3']);
    expect(ids(mergeLines(first, [line(5), line(4)]))).toEqual(['1', '2', '3', '4', '5']);
    expect(ids(mergeLines(first, [line(3), line(2)]))).toEqual(['1', '2', '3']);
    expect(ids(mergeLines(first, [line('3-skipped')]))).toEqual(['1', '2', '3', '3-skipped']);
    expect(mergeLines(first, [])).toBe(first);
  });

  it('stay within bounds, the newest ones', () => {
    const many = mergeLines([], someLines(Date.now(), MOST_LINES));
    const more = mergeLines(many, [line(1_800_000_000_000_000)]);
    expect(more).toHaveLength(MOST_LINES);
    expect(more.at(-1)?.id).toBe('1800000000000000');
  });

  it('are filtered by least level, source and text', () => {
    const lines = [
      line(1, { level: 'debug' }),
      line(2, { level: 'warn', source: 'router', message: 'Slow' }),
      line(3, { level: 'error', source: 'model:a' }),
    ];
    const filter = { level: 'debug', source: '', text: '' } as const;
    expect(filterLines(lines, filter)).toBe(lines);
    expect(ids(filterLines(lines, { ...filter, level: 'warn' }))).toEqual(['2', '3']);
    expect(ids(filterLines(lines, { ...filter, source: 'router' }))).toEqual(['2']);
    expect(ids(filterLines(lines, { ...filter, text: 'sLOW' }))).toEqual(['2']);
    expect(ids(filterLines(lines, { ...filter, text: 'model' }))).toEqual(['3']);
  });

  it('are found by time; a time that has not come yet today was yesterday', () => {
    const lines = [line(1), line(2), line(3)];
    expect(indexAt(lines, lines[1]?.timestamp ?? 0)).toBe(1);
    expect(indexAt(lines, Date.now() * 2)).toBe(2);
    expect(indexAt([], 5)).toBe(-1);
    const noon = new Date(2025, 10, 24, 12, 0, 0).getTime();
    expect(momentOf('11:30', noon)).toBe(new Date(2025, 10, 24, 11, 30).getTime());
    expect(momentOf('13:00:05', noon)).toBe(new Date(2025, 10, 23, 13, 0, 5).getTime());
    expect(momentOf('soon', noon)).toBeNull();
  });

  it('are exported as they are, without terminal colours in text', () => {
    const lines = [line(0, { level: 'warn', message: '\u001b[31mred\u001b[0m' })];
    expect(linesAsText(lines)).toBe('2025-11-24T16:00:00.000Z WARN  server: red\n');
    expect(JSON.parse(linesAsJson(lines))).toEqual([{ ...lines[0], timestamp: '2025-11-24T16:00:00.000Z' }]);
  });
});

describe('terminal colours', () => {
  it('become spans; what is no colour is left out', () => {
    expect(ansiSpans('plain')).toEqual([{ text: 'plain', colour: null, bold: false }]);
    expect(ansiSpans('\u001b[1;31mbad\u001b[22m less\u001b[0m.')).toEqual([
      { text: 'bad', colour: 1, bold: true },
      { text: ' less', colour: 1, bold: false },
      { text: '.', colour: null, bold: false },
    ]);
    expect(ansiSpans('\u001b[93mx\u001b[39my')).toMatchObject([{ colour: 3 }, { colour: null }]);
    expect(ansiSpans('\u001b[38;5;208mx\u001b[38;2;1;2;31my')).toMatchObject([{ colour: null }, { colour: null }]);
    expect(withoutAnsi('a\u001b[2K\u001b[1Gb\u0007c\td')).toBe('abc\td');
  });
});
