/** Terminal colours (ECMA-48 SGR) as spans; every other escape sequence is left out. Pure. */

export interface AnsiSpan {
  text: string;
  /** 0–7 as in the standard's order (black, red, green, yellow, blue, magenta, cyan, white), or null. */
  colour: number | null;
  bold: boolean;
}

/** Built from text: the escape character itself may not stand in a pattern of the source. */
const ESCAPE = '\\u001b';
const SEQUENCE = new RegExp(`${ESCAPE}\\[([0-9;?]*)([A-Za-z])|${ESCAPE}[^[]?|(?!\\t)\\p{Cc}`, 'gu');

export type AnsiStyle = Omit<AnsiSpan, 'text'>;
export const PLAIN: AnsiStyle = { colour: null, bold: false };

const restyle = (style: AnsiStyle, codes: readonly number[]): AnsiStyle => {
  let next = style;
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 0) next = PLAIN;
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 22) next = { ...next, bold: false };
    else if (code === 39) next = { ...next, colour: null };
    else if (code >= 30 && code <= 37) next = { ...next, colour: code - 30 };
    else if (code >= 90 && code <= 97) next = { ...next, colour: code - 90 };
    // 256 and true colours take two or four more numbers; the page's own eight are legible in both themes, these need not be.
    else if (code === 38 || code === 48) index += codes[index + 1] === 5 ? 2 : 4;
  }
  return next;
};

/** The spans of a line that begins in the style `before`, and the style in which the next one begins. */
export const ansiLine = (text: string, before: AnsiStyle): { spans: AnsiSpan[]; style: AnsiStyle } => {
  const spans: AnsiSpan[] = [];
  let style = before;
  let from = 0;
  const push = (part: string): void => {
    if (part !== '') spans.push({ ...style, text: part });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    push(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') style = restyle(style, (match[1] ?? '').split(';').map(Number));
  }
  push(text.slice(from));
  return { spans, style };
};

export const ansiSpans = (text: string): AnsiSpan[] => ansiLine(text, PLAIN).spans;

/** The words alone. */
export const withoutAnsi = (text: string): string => text.replaceAll(SEQUENCE, '');
