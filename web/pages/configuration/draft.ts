/** Changes that are not stored yet, and what is wrong with them. Pure. */
import { CONFIG_KEYS } from '../../../src/contracts/config.ts';
import type { ConfigKey } from '../../../src/contracts/config.ts';

export type Draft = Partial<Record<ConfigKey, unknown>>;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The draft with `key` set to `value`; a value that is `stored` already is no change. */
export const withValue = (draft: Draft, stored: unknown, key: ConfigKey, value: unknown): Draft => {
  const { [key]: _, ...others } = draft;
  return same(stored, value) ? others : { ...others, [key]: value };
};

/** What the contract says against a value, or null. The server has the last word. */
export const problemOf = (key: ConfigKey, value: unknown): string | null => {
  const entry = CONFIG_KEYS[key];
  const result = entry.schema.safeParse(value);
  if (result.success) return null;
  if (typeof entry.default === 'number' && typeof value !== 'number') return 'Write a number.';
  const issues = result.error.issues.flatMap((issue) =>
    issue.code === 'invalid_union' ? issue.errors.flat() : [issue],
  );
  // Of "auto, or a number from 1 to 1024" the second half is what helps whoever wrote a number.
  const issue = issues.find(({ code }) => code === 'too_small' || code === 'too_big' || code === 'custom') ?? issues[0];
  if (issue?.code === 'too_small') return `At least ${String(issue.minimum)}.`;
  if (issue?.code === 'too_big') return `At most ${String(issue.maximum)}.`;
  return issue === undefined ? 'This is not a valid value.' : sentence(issue.message);
};

const sentence = (text: string): string => {
  const words = text.replace(/^Invalid input: /, '').replace(/^Too (small|big): /, '');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? '' : '.'}`;
};

export const changedKeys = (draft: Draft): ConfigKey[] => Object.keys(draft) as ConfigKey[];
