/** Keeps progress reports to a rate a person can see. */
import type { EngineProgress } from './types.ts';

const INTERVAL_MS = 100;

/**
 * Passes on at most one report per 100 ms: the first at once, later ones as the newest of their interval.
 * `finish` sends what is still held back and ends the reports; nothing is sent after it.
 */
export const throttleProgress = (
  send: (progress: EngineProgress) => void,
): { report: (progress: EngineProgress) => void; finish: () => void } => {
  let pending: EngineProgress | null = null;
  let timer: NodeJS.Timeout | null = null;
  let done = false;

  const flush = () => {
    timer = null;
    if (!pending) return;
    const progress = pending;
    pending = null;
    timer = setTimeout(flush, INTERVAL_MS);
    timer.unref();
    send(progress);
  };
  return {
    report: (progress) => {
      if (done) return;
      pending = progress;
      if (!timer) flush();
    },
    finish: () => {
      done = true;
      if (timer) clearTimeout(timer);
      timer = null;
      if (pending) send(pending);
      pending = null;
    },
  };
};

/** A report in bytes; percent only where the total is known. */
export const bytesProgress = (stage: string, receivedBytes: number, totalBytes: number | null): EngineProgress => ({
  stage,
  percent:
    totalBytes === null || totalBytes === 0 ? null : Math.min(100, Math.floor((100 * receivedBytes) / totalBytes)),
  receivedBytes,
  totalBytes,
});
