/** Where in a JSON text something is, so that a person finds it in an editor. Lines count from 1. */
import { LineCounter, isMap, isScalar, parseDocument } from 'yaml';

const TOKEN = /"(?:[^"\\\p{Cc}]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/uy;

interface Token {
  text: string;
  at: number;
}

/** Where the text stops being tokens of JSON, if it does; the tokens before that. */
const tokensOf = (text: string): Token[] => {
  const tokens: Token[] = [];
  for (let at = 0; ;) {
    while (/\s/.test(text[at] ?? '')) at += 1;
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    // An empty token stands where no other fits, also at the end: no rule takes it.
    tokens.push({ text: match?.[0] ?? '', at: Math.min(at, text.trimEnd().length) });
    if (match === null) return tokens;
    at += match[0].length;
  }
};

/** Moves over one value from the token at `start`; returns the index behind it, or the negative one of the token that does not fit. */
const afterValue = (tokens: readonly Token[], start: number): number => {
  const textAt = (index: number): string => tokens[index]?.text ?? '';
  const opening = textAt(start);
  if (opening !== '{' && opening !== '[') return /^["\-\dtfn]/i.test(opening) ? start + 1 : -start;
  const closing = opening === '{' ? '}' : ']';
  if (textAt(start + 1) === closing) return start + 2;
  for (let index = start + 1; ; index += 1) {
    if (opening === '{') {
      if (!textAt(index).startsWith('"')) return -index;
      if (textAt(index + 1) !== ':') return -(index + 1);
      index += 2;
    }
    index = afterValue(tokens, index);
    if (index < 0) return index;
    if (textAt(index) === closing) return index + 1;
    if (textAt(index) !== ',') return -index;
  }
};

/** The line at which a text that is no JSON stops being it; V8's own message does not always tell. */
export const lineOfSyntaxError = (text: string): number => {
  const tokens = tokensOf(text);
  const after = Math.abs(afterValue(tokens, 0));
  return text.slice(0, tokens[after]?.at ?? text.length).split('\n').length;
};

/** Finds the line of the deepest key of a path that a JSON or YAML text has; null when it has none of it. */
export const placesIn = (text: string): ((path: readonly PropertyKey[]) => number | null) => {
  const lines = new LineCounter();
  const { contents } = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  return (path) => {
    let node: unknown = contents;
    let line: number | null = null;
    for (const key of path) {
      if (!isMap(node)) break;
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (pair === undefined || !isScalar(pair.key) || pair.key.range == null) break;
      line = lines.linePos(pair.key.range[0]).line;
      node = pair.value;
    }
    return line;
  };
};

export const lineOfPath = (text: string, path: readonly PropertyKey[]): number | null => placesIn(text)(path);
