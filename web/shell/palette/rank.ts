/** How well a typed text fits a name. Pure. */

export interface Ranked {
  title: string;
  /** Further words it is found by. */
  words?: string;
}

const WORD_START = /[\s/_.:-]/;

/** The letters of `needle` in order inside `hay`: null when one is missing, else lower for letters that lie close together. */
const scattered = (hay: string, needle: string): number | null => {
  let at = -1;
  let cost = 0;
  for (const letter of needle) {
    const next = hay.indexOf(letter, at + 1);
    if (next === -1) return null;
    const starts = next === 0 || WORD_START.test(hay[next - 1] ?? '');
    cost += starts ? 0 : next - at - 1;
    at = next;
  }
  return cost;
};

const wordCost = (item: Ranked, word: string): number | null => {
  const title = item.title.toLowerCase();
  const at = title.indexOf(word);
  if (at === 0) return 0;
  if (at > 0) return WORD_START.test(title[at - 1] ?? '') ? 1 : 3;
  if ((item.words ?? '').toLowerCase().includes(word)) return 4;
  const loose = scattered(title, word);
  // Letters all over a long name are a coincidence, not a find.
  return loose === null || loose > 12 ? null : 6 + loose;
};

/** The items that every word of `text` fits, best first; all of them in their order for an empty text. */
export const rankItems = <T extends Ranked>(items: readonly T[], text: string): T[] => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return items
    .map((item, order) => {
      const costs = words.map((word) => wordCost(item, word));
      const cost = costs.reduce<number | null>((sum, one) => (sum === null || one === null ? null : sum + one), 0);
      return { item, cost, order };
    })
    .filter((found): found is { item: T; cost: number; order: number } => found.cost !== null)
    .sort((a, b) => a.cost - b.cost || a.order - b.order)
    .map(({ item }) => item);
};
