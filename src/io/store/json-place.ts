/** Where in a JSON text something is, so that a person finds it in an editor. Lines count from 1. */
import { LineCounter, isMap, isScalar, parseDocument } from 'yaml';

/**
 * The line at which the text stops being JSON; null when that cannot be told. V8 names a position only for some mistakes; JSON
 * is YAML as well, and that parser names one for the others.
 */
export const lineOfSyntaxError = (text: string, error: unknown): number | null => {
  const message = error instanceof Error ? error.message : '';
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return text.slice(0, Number(position)).split('\n').length;
  const lines = new LineCounter();
  const [first] = parseDocument(text, { lineCounter: lines, prettyErrors: false }).errors;
  if (first !== undefined) return lines.linePos(first.pos[0]).line;
  return /end of JSON input/.test(message) ? text.trimEnd().split('\n').length : null;
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
