/** Parsers of option values; each refuses with one sentence. */
import { InvalidArgumentError } from 'commander';
import { SCOPES } from '../contracts/keys.ts';
import type { Scope } from '../contracts/keys.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** "30" (seconds), "500ms", "2m", "1h" → milliseconds. */
export const parseDuration = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)?$/.exec(text.trim());
  const ms = Number(match?.[1]) * (UNIT_MS[match?.[2] ?? 's'] ?? Number.NaN);
  if (!Number.isFinite(ms) || ms < 1 || ms > 86_400_000) {
    throw new InvalidArgumentError('Give seconds, or a time such as 500ms, 30s or 5m, up to 24h.');
  }
  return Math.round(ms);
};

/** A whole number within limits, both included. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
    return value;
  };

export const numberBetween =
  (least: number, most: number) =>
  (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value >= least && value <= most)) throw new InvalidArgumentError(`Give a number from ${least} to ${most}.`);
    return value;
  };

/** "a, b" → a and b. */
export const parseList = (text: string): string[] => {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  if (words.length === 0) throw new InvalidArgumentError('Give one or more, separated by commas.');
  return words;
};

/** "observe, infer" → scopes. */
export const parseScopes = (text: string): Scope[] =>
  parseList(text).map((word) => {
    const scope = SCOPES.find((each) => each === word);
    if (scope === undefined) throw new InvalidArgumentError(`The scopes are ${SCOPES.join(', ')}.`);
    return scope;
  });

const DAY_MS = 86_400_000;
const EXPIRY_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: DAY_MS,
  w: 7 * DAY_MS,
  y: 365 * DAY_MS,
};

/** "30d", "12h" or an ISO date → given the time now, the moment in epoch ms. */
export const parseExpiry = (text: string): ((now: number) => number) => {
  const span = /^(\d{1,6})([mhdwy])$/.exec(text.trim());
  if (span !== null) {
    const ms = Number(span[1]) * (EXPIRY_MS[span[2] ?? ''] ?? Number.NaN);
    if (ms > 0) return (now) => now + ms;
  }
  const at = /^\d{4}-\d{2}-\d{2}(T.*)?$/.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
  if (Number.isNaN(at))
    throw new InvalidArgumentError('Give a time such as 12h, 30d or 1y, or a date such as 2030-01-31.');
  return () => at;
};

/** "60/min" or "60" → 60. */
export const parseRate = (text: string): number => wholeNumber(1, 100_000)(text.trim().replace(/\/m(in(ute)?)?$/, ''));
