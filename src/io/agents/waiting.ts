/** What somebody waits for, in words. */
const ORDINALS: Readonly<Record<string, string>> = { one: 'st', two: 'nd', few: 'rd', other: 'th' };
const rules = new Intl.PluralRules('en', { type: 'ordinal' });
export const ordinal = (n: number): string => `${n}${ORDINALS[rules.select(n)] ?? 'th'}`;

/** `position` in the line of a model, from 1. */
export const waitingWords = (position: number): string => `waiting for the model: ${ordinal(position)}`;
