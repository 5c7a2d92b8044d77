/**
 * Widths of Helvetica's letters in thousandths of the font size (Adobe's font metrics), by group. The font that draws the
 * diagram is whatever the reader's system has, so a margin covers the wider ones.
 */
const GROUPS: readonly (readonly [string, number])[] = [
  ["ijl'|", 230],
  ['.,:;!ft[]()/ rI-', 310],
  ['ckJsvxyz', 500],
  ['abdeghnopqu0123456789?_$#', 560],
  ['LFTZ', 610],
  ['ABEKPSVXY&', 670],
  ['CDHNRUw', 730],
  ['GOQm', 800],
  ['MW%@—', 900],
];
const WIDTHS = new Map(GROUPS.flatMap(([letters, width]) => Array.from(letters, (letter) => [letter, width] as const)));
const MARGIN = 1.1;

export interface Font {
  size: number;
  bold?: boolean;
  mono?: boolean;
}

/** Width in pixels, erring on the wide side. */
export function textWidth(text: string, { size, bold = false, mono = false }: Font): number {
  if (mono) return text.length * size * 0.615;
  const thousandths = Array.from(text).reduce((sum, letter) => sum + (WIDTHS.get(letter) ?? 600), 0);
  return (thousandths / 1000) * size * MARGIN * (bold ? 1.07 : 1);
}

/** Breaks at spaces so that no line is wider than `width` pixels, unless a single word is. */
export function wrap(text: string, width: number, font: Font): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(`${last} ${word}`, font) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Makes text safe inside XML. */
export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
