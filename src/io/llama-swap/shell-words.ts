import { CodedError } from '../../contracts/errors.ts';

/**
 * Splits a command line into words as llama-swap does: lines that start with # are comments, a backslash at the end of a line
 * and the line's end are blanks, and quotes and backslashes are those of a POSIX shell. Nothing is expanded and nothing run.
 *
 * @throws CodedError INVALID_PAYLOAD for a quote that is never closed
 */
export const shellWords = (command: string): string[] => {
  const text = command
    .split(/\r?\n/)
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n/g, ' ');
  const words: string[] = [];
  let word: string | null = null;
  let quote: "'" | '"' | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    const next = text[at + 1];
    if (quote !== null) {
      if (char === quote) quote = null;
      else if (char === '\\' && quote === '"' && next !== undefined && '"\\$`'.includes(next)) {
        word = (word ?? '') + next;
        at += 1;
      } else word = (word ?? '') + char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= '';
    } else if (char === '\\' && next !== undefined) {
      word = (word ?? '') + next;
      at += 1;
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + char;
  }
  if (quote !== null) throw new CodedError('INVALID_PAYLOAD', `a ${quote} in the command is never closed`);
  if (word !== null) words.push(word);
  return words;
};
