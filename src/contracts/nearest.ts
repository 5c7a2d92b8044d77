/** "Did you mean …": the names closest to a mistyped one. Pure and free of imports, so that both planes can use it. */

/** A mistyped name is short; nothing is gained by comparing pages of text. */
const LONGEST = 64;

/** Levenshtein distance in UTF-16 units, of the first 64. */
export const editDistance = (left: string, right: string): number => {
  const a = left.slice(0, LONGEST);
  const b = right.slice(0, LONGEST);
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};

const plain = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

/**
 * The candidates most like `word`, nearest first, at most `limit`. Case and separators do not count, and a candidate that
 * contains the word comes before one that is merely similar; what is not similar at all is left out.
 */
export const nearestNames = (word: string, candidates: Iterable<string>, limit = 3): string[] => {
  const wanted = plain(word);
  const scored: { name: string; score: number }[] = [];
  for (const name of new Set(candidates)) {
    const other = plain(name);
    const contains = wanted.length >= 2 && (other.includes(wanted) || (other.length >= 2 && wanted.includes(other)));
    const score = contains ? 0.5 : editDistance(wanted, other);
    if (score <= Math.max(2, Math.ceil(Math.max(wanted.length, Math.min(other.length, LONGEST)) / 2)))
      scored.push({ name, score });
  }
  return scored
    .sort((a, b) => a.score - b.score || a.name.localeCompare(b.name))
    .slice(0, limit)
    .map(({ name }) => name);
};
