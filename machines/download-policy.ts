/** What follows a download's failure, and which download may run next. Pure: times and sizes come in, a decision comes out. */

export type DownloadFailureCode =
  /** No connection, a cut one, or silence. */
  | 'NETWORK'
  /** The server answered with a fault of its own. */
  | 'SERVER'
  | 'RATE_LIMITED'
  /** The file on the server is no longer the one that was begun. */
  | 'CHANGED'
  | 'NOT_FOUND'
  /** The owner wants a licence accepted, or a token shown. */
  | 'GATED'
  | 'BAD_SOURCE'
  | 'WRONG_HASH'
  | 'DISK_SPACE'
  | 'DISK'
  /** Another file has the name already. */
  | 'EXISTS'
  | 'UNEXPECTED';

/** Why an attempt ended: one sentence that says what to do. */
export interface DownloadFailure {
  code: DownloadFailureCode;
  message: string;
  /** The server asks to be left alone for this long, ms. */
  retryAfterMs: number | null;
}

export interface DownloadPolicy {
  /** Attempts in a row that brought not one byte, before it is given up. */
  budget: number;
  firstDelayMs: number;
  maxDelayMs: number;
}

/** Five minutes of patience in all: long enough for a router's restart, short enough to be told of a wrong network. */
export const defaultDownloadPolicy: DownloadPolicy = { budget: 10, firstDelayMs: 1000, maxDelayMs: 60_000 };

/** No server is waited for longer than this, whatever it asks. */
const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

const PASSING: ReadonlySet<DownloadFailureCode> = new Set(['NETWORK', 'SERVER', 'RATE_LIMITED', 'CHANGED']);

/**
 * Decides what follows a failure.
 *
 * @param failures attempts in a row that brought nothing, this one included
 * @returns ms until the next attempt: firstDelay · 2^(failures−1), at most maxDelay, and at least what the server asked
 *          for; null when trying again cannot help or the budget is spent
 */
export const retryDelay = (policy: DownloadPolicy, failures: number, failure: DownloadFailure): number | null => {
  if (!PASSING.has(failure.code) || failures > policy.budget) return null;
  const backoff = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (failures - 1));
  return Math.max(backoff, Math.min(failure.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS));
};

export interface DownloadSlot {
  id: string;
  /** Running takes a place; waiting wants one; paused (before a retry) and ended do neither. */
  phase: 'waiting' | 'running' | 'paused' | 'ended';
}

/** Ids to start now, in the order in which they were asked for. */
export const nextDownloads = (slots: readonly DownloadSlot[], most: number): string[] => {
  const running = slots.filter(({ phase }) => phase === 'running').length;
  const waiting = slots.filter(({ phase }) => phase === 'waiting').map(({ id }) => id);
  return waiting.slice(0, Math.max(0, most - running));
};
