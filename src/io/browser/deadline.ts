/** The end of an action: by its deadline, by whoever wanted it, or by the browser's death; whichever comes first. */
import { BrowserProblem } from './browser.ts';

export interface Deadline {
  /** Rejects with a BrowserProblem when the action is over, whatever the promise does then. */
  race<T>(promise: Promise<T>): Promise<T>;
  /** Throws the same when it is over already. */
  check(): void;
  /** Time between the two does not count. Both may be nested. */
  pause(): void;
  resume(): void;
  /** Aborted when it ends with a problem. */
  readonly signal: AbortSignal;
  /** Ends it: with a problem, or null when it is done. */
  end(problem: BrowserProblem | null): void;
}

export const startDeadline = (ms: number, wanted: AbortSignal, tooLate: () => BrowserProblem): Deadline => {
  const over = new AbortController();
  let problem: BrowserProblem | null = null;
  let done = false;
  let left = ms;
  let pauses = 0;
  let since = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let fail: (problem: BrowserProblem) => void;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  const end = (why: BrowserProblem | null): void => {
    if (done) return;
    done = true;
    problem = why;
    clearTimeout(timer);
    wanted.removeEventListener('abort', abort);
    if (why === null) return;
    fail(why);
    over.abort();
  };
  const abort = (): void => end(new BrowserProblem('ABORTED', 'The action was called off.'));
  const run = (): void => {
    since = performance.now();
    timer = setTimeout(() => end(tooLate()), left);
  };
  if (wanted.aborted) abort();
  else {
    wanted.addEventListener('abort', abort, { once: true });
    run();
  }

  return {
    race: (promise) => Promise.race([failed, promise]),
    check: () => {
      if (done) throw problem ?? new BrowserProblem('ABORTED', 'The action is over.');
    },
    pause: () => {
      pauses += 1;
      if (pauses > 1 || done) return;
      clearTimeout(timer);
      left -= performance.now() - since;
    },
    resume: () => {
      pauses -= 1;
      if (pauses === 0 && !done) run();
    },
    signal: over.signal,
    end,
  };
};
