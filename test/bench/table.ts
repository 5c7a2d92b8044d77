/** The report as text: aligned for a terminal, or as Markdown. */
import { passes } from './row.ts';
import type { Row } from './row.ts';

const HEAD = ['', 'measure', 'target', 'median', 'spread', 'rounds', 'against'];

/** Three digits are what a measurement on a shared machine can carry. */
const digits = (value: number): string => {
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  return value.toFixed(size >= 10 ? 1 : 2);
};

const targetText = ({ target, unit }: Row): string => {
  if (target === null) return '';
  if (target.of !== 'ratio') return `${target.of === 'p99' ? 'p99 ' : ''}≤ ${target.atMost} ${unit}`;
  const [sign, ratio] = 'atMost' in target ? ['≤', target.atMost] : ['≥', target.atLeast];
  return `${sign} ${Number(ratio.toFixed(2))} × ${target.to}`;
};

const cells = (row: Row): string[] => {
  const { tail, unit } = row;
  const mark = passes(row);
  return [
    mark === null ? '' : mark ? 'pass' : 'MISS',
    row.measure,
    targetText(row),
    `${digits(row.median)} ${unit}`,
    tail === null
      ? `${digits(row.min)}–${digits(row.max)}`
      : `p95 ${digits(tail.p95)}, p99 ${digits(tail.p99)}, max ${digits(row.max)}`,
    String(row.rounds),
    row.against ?? '',
  ];
};

export const plainTable = (rows: readonly Row[]): string => {
  const lines = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

export const markdownTable = (rows: readonly Row[]): string => {
  const line = (parts: readonly string[]): string => `| ${parts.join(' | ')} |`;
  return [line(HEAD), line(HEAD.map(() => '---')), ...rows.map((row) => line(cells(row)))].join('\n');
};
