/** Changes that are not stored yet, and what is wrong with them. Pure. */
import { CONFIG_KEYS } from '../../../src/contracts/config.ts';
import type { Config, ConfigKey } from '../../../src/contracts/config.ts';

export type Draft = Partial<Record<ConfigKey, unknown>>;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The draft with `key` set to `value`; a value that is stored already is no change. */
export const withValue = (draft: Draft, config: Config, key: ConfigKey, value: unknown): Draft => {
  const { [key]: _, ...others } = draft;
  return same(config[key], value) ? others : { ...others, [key]: value };
};

/** What the contract says against a value, or null. The server has the last word. */
export const problemOf = (key: ConfigKey, value: unknown): string | null => {
  const result = CONFIG_KEYS[key].schema.safeParse(value);
  if (result.success) return null;
  const issue = result.error.issues[0];
  return issue === undefined ? 'This is not a valid value.' : sentence(issue.message);
};

const sentence = (text: string): string => {
  const words = text.replace(/^Invalid input: /, '').replace(/^Too (small|big): /, '');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? '' : '.'}`;
};

export const changedKeys = (draft: Draft): ConfigKey[] => Object.keys(draft) as ConfigKey[];

/** What the changes need, each once. */
export const restartsOf = (draft: Draft): string[] => [
  ...new Set(changedKeys(draft).map((key) => CONFIG_KEYS[key].restart)),
];
