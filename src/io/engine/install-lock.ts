/** One install at a time per data folder, across processes. */
import { setTimeout as delay } from 'node:timers/promises';
import { CodedError } from '../../contracts/errors.ts';
import { takeLock } from '../store/numbered-lock.ts';

const POLL_MS = 250;

/**
 * Waits until the lock of that folder is ours and returns the function that gives it back. A lock whose process is dead is taken
 * over. Rejects with TIMEOUT after `deadlineMs`, and with the signal's reason when it aborts.
 */
export const acquireInstallLock = async (
  folder: string,
  signal: AbortSignal,
  deadlineMs: number,
): Promise<() => Promise<void>> => {
  const until = performance.now() + deadlineMs;
  for (;;) {
    signal.throwIfAborted();
    const taken = await takeLock(folder);
    if (typeof taken === 'object' && taken !== null) return taken.release;
    if (performance.now() >= until) {
      throw new CodedError(
        'TIMEOUT',
        `Another install (process ${taken ?? 'unknown'}) still holds ${folder}; wait for it or end that process.`,
      );
    }
    await delay(POLL_MS, undefined, { signal });
  }
};
