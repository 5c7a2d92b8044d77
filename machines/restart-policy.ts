/**
 * OTP's restart intensity with exponential backoff, as data. Pure: times come in, a decision comes out.
 */
import type { FailureCode } from './process.ts';

export interface RestartPolicy {
  /** Restarts allowed within the window. */
  budget: number;
  windowMs: number;
  firstDelayMs: number;
  maxDelayMs: number;
}

export const defaultRestartPolicy: RestartPolicy = {
  budget: 5,
  windowMs: 5 * 60_000,
  firstDelayMs: 1000,
  maxDelayMs: 60_000,
};

/** Starting again cannot help with these: something must be mended first. */
const PERMANENT: ReadonlySet<FailureCode> = new Set([
  'BAD_ARGUMENT',
  'CORRUPT_FILE',
  'FILE_MISSING',
  'UNSUPPORTED_ARCHITECTURE',
  'MISSING_LIBRARY',
  'ENGINE_MISSING',
  'SPAWN_FAILED',
  'DOES_NOT_FIT',
  'NOT_STOPPED',
]);

export const isPermanent = (code: FailureCode): boolean => PERMANENT.has(code);

export type RestartDecision =
  { kind: 'retry'; delayMs: number; exits: number[] } | { kind: 'give-up'; exits: number[] };

/**
 * Decides what follows an unwanted exit.
 *
 * @param exits times (epoch ms) of earlier unwanted exits, oldest first
 * @param at    time of this one; the returned `exits` hold it and drop what has left the window
 * @returns retry after firstDelay · 2^(n−1), at most maxDelay, for the nth exit in the window; give-up when the budget
 *          is spent or the cause is permanent
 */
export const decideRestart = (
  policy: RestartPolicy,
  exits: readonly number[],
  at: number,
  code: FailureCode,
): RestartDecision => {
  const recent = [...exits.filter((time) => at - time < policy.windowMs), at];
  if (isPermanent(code) || recent.length > policy.budget) return { kind: 'give-up', exits: recent };
  const delayMs = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (recent.length - 1));
  return { kind: 'retry', delayMs, exits: recent };
};
