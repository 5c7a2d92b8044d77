import type { Box, Point } from './graphviz.ts';
import { STYLE } from './style.ts';
import { escapeXml, textWidth, wrap } from './text.ts';
import type { Font } from './text.ts';

/** Room around a diagram, and the height of its heading. */
const MARGIN = 28;
const HEADING = 62;

export const NAME_FONT: Font = { size: 15, bold: true };
export const ABOUT_FONT: Font = { size: 12 };
const RUNS_FONT: Font = { size: 11.5, bold: true };
const LABEL_FONT: Font = { size: 11.5 };
const LABEL_LINE = 15;

/** A labelled box before it has a place: its text, broken into lines, and the size these need. */
export interface Card {
  name: string;
  about: string[];
  runs: string[];
  width: number;
  height: number;
}

const ABOUT_WIDTH = 196;
const PADDING = 16;

export function cardOf(name: string, description: string, runs: string[] = []): Card {
  const about = wrap(description, ABOUT_WIDTH, ABOUT_FONT);
  const runLines = runs.map((run) => `▸ ${run}`);
  const widest = Math.max(
    textWidth(name, NAME_FONT) + 18,
    ...about.map((line) => textWidth(line, ABOUT_FONT)),
    ...runLines.map((line) => textWidth(line, RUNS_FONT)),
  );
  const height =
    2 * 13 + 18 + (about.length > 0 ? 5 : 0) + about.length * 16 + (runs.length > 0 ? 5 : 0) + runs.length * 16;
  return { name, about, runs: runLines, width: Math.ceil(Math.max(widest, 84) + 2 * PADDING), height };
}

/** Text of a card with its top left corner at (0, 0). */
export function drawCardText({ name, about, runs }: Card): string {
  const lines: string[] = [`<circle class="lm-dot" cx="${PADDING + 4}" cy="21" r="4"/>`];
  lines.push(`<text class="lm-name" x="${PADDING + 16}" y="26">${escapeXml(name)}</text>`);
  let y = 31;
  if (about.length > 0) y += 5;
  for (const line of about)
    lines.push(`<text class="lm-about" x="${PADDING}" y="${(y += 16) - 4}">${escapeXml(line)}</text>`);
  if (runs.length > 0) y += 5;
  for (const line of runs)
    lines.push(`<text class="lm-runs" x="${PADDING}" y="${(y += 16) - 4}">${escapeXml(line)}</text>`);
  return lines.join('');
}

/** Size that the lines of an edge's label need, padding included. */
export const labelSize = (lines: readonly string[]): { width: number; height: number } => ({
  width: Math.ceil(Math.max(...lines.map((line) => textWidth(line, LABEL_FONT))) + 12),
  height: lines.length * LABEL_LINE + 6,
});

/** An edge's label around its centre; what stands in brackets is a guard and drawn apart. */
export function drawLabel(lines: readonly string[], { x, y }: Point): string {
  const { width, height } = labelSize(lines);
  const texts = lines.map((line, index) => {
    const [, trigger = line, guard = ''] = /^(.*?)( \[.*\])?$/.exec(line) ?? [];
    const at = y - height / 2 + 3 + LABEL_LINE * index + 11;
    const guarded = guard === '' ? '' : `<tspan class="lm-guard">${escapeXml(guard)}</tspan>`;
    return `<text class="lm-label" x="${x}" y="${round(at)}" text-anchor="middle">${escapeXml(trigger)}${guarded}</text>`;
  });
  // Hardly wider than the text: whatever passes close by stays whole.
  const inner = { width: width - 10, height: height - 4 };
  const back = `<rect class="lm-back" x="${round(x - inner.width / 2)}" y="${round(y - inner.height / 2)}" width="${inner.width}" height="${inner.height}" rx="5"/>`;
  return back + texts.join('');
}

export const round = (value: number): number => Math.round(value * 10) / 10;

/** The rectangle of a card whose centre Graphviz has placed. */
export const boxAround = ({ x, y }: Point, { width, height }: { width: number; height: number }): Box => ({
  x: round(x - width / 2),
  y: round(y - height / 2),
  width,
  height,
});

/** Puts a drawing on its card, under its heading. `width` and `height` are the drawing's own. */
export function frame(
  name: string,
  title: string,
  description: string,
  drawing: { width: number; height: number; body: string },
): string {
  const headings = [textWidth(title, { size: 17, bold: true }), textWidth(description, { size: 12.5 })];
  const width = Math.ceil(Math.max(drawing.width, ...headings) + 2 * MARGIN);
  const height = Math.ceil(drawing.height + HEADING + 2 * MARGIN);
  const left = round((width - drawing.width) / 2);
  return `<svg xmlns="http://www.w3.org/2000/svg" class="lm-diagram" data-diagram="${name}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${name}-title ${name}-desc">
<title id="${name}-title">${escapeXml(title)}</title>
<desc id="${name}-desc">${escapeXml(description)}</desc>
<style>
${STYLE}
</style>
<defs><marker id="${name}-arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="lm-head" d="M0 .8 10 5 0 9.2Z"/></marker></defs>
<rect class="lm-card" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="16"/>
<text class="lm-title" x="${MARGIN}" y="${MARGIN + 14}">${escapeXml(title)}</text>
<text class="lm-sub" x="${MARGIN}" y="${MARGIN + 35}">${escapeXml(description)}</text>
<g transform="translate(${left} ${MARGIN + HEADING})">
${drawing.body}
</g>
</svg>
`;
}
