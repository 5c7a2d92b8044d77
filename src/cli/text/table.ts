import type { Colour, Paint } from './colors.ts';
import { oneLine } from './sanitize.ts';

export interface Column {
  title: string;
  align?: 'left' | 'right';
  /** This column gives way when the terminal is too narrow. */
  flexible?: true;
}
export type Cell = string | { text: string; colour: Colour | null };

const textOf = (cell: Cell): string => oneLine(typeof cell === 'string' ? cell : cell.text);
const lengthOf = (text: string): number => Array.from(text).length;
const fit = (text: string, width: number): string =>
  lengthOf(text) <= width
    ? text
    : `${Array.from(text)
        .slice(0, Math.max(0, width - 1))
        .join('')}…`;

const GAP = '  ';
const NARROWEST = 8;

/** Aligned columns with a header; no trailing blanks. `width` is the terminal's, or null for no limit. */
export const table = (
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
  width: number | null,
): string => {
  const widths = columns.map((column, index) =>
    Math.max(lengthOf(column.title), ...rows.map((row) => lengthOf(textOf(row[index] ?? '')))),
  );
  if (width !== null) {
    const total = widths.reduce((sum, each) => sum + each, 0) + GAP.length * (columns.length - 1);
    let excess = total - width;
    columns.forEach((column, index) => {
      const own = widths[index] ?? 0;
      if (column.flexible !== true || excess <= 0) return;
      const given = Math.min(excess, Math.max(0, own - NARROWEST));
      widths[index] = own - given;
      excess -= given;
    });
  }
  const line = (cells: readonly Cell[], colourAll: Colour | null): string => {
    const parts = columns.map((column, index) => {
      const cell = cells[index] ?? '';
      const own = widths[index] ?? 0;
      const text = fit(textOf(cell), own);
      const colour = colourAll ?? (typeof cell === 'string' ? null : cell.colour);
      const blanks = ' '.repeat(Math.max(0, own - lengthOf(text)));
      const painted = text === '' ? '' : paint(colour, text);
      return column.align === 'right' ? blanks + painted : painted + blanks;
    });
    return parts.join(GAP).trimEnd();
  };
  return [
    line(
      columns.map((column) => column.title.toUpperCase()),
      'dim',
    ),
    ...rows.map((row) => line(row, null)),
  ]
    .map((each) => `${each}\n`)
    .join('');
};

/** "Label   value" lines with aligned values. */
export const facts = (entries: readonly (readonly [string, Cell])[], paint: Paint): string => {
  const width = Math.max(0, ...entries.map(([label]) => lengthOf(label)));
  return entries
    .map(([label, cell]) => {
      const colour = typeof cell === 'string' ? null : cell.colour;
      return `${paint('dim', label.padEnd(width))}  ${paint(colour, textOf(cell))}\n`;
    })
    .join('');
};
