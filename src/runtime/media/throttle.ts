/** Progress comes as often as a tool likes; what is told of it comes a few times a second. */
import type { ToolProgress } from '../../../machines/media.machine.ts';

/** How often the same stage may tell, ms. */
const EVERY_MS = 100;

export interface Throttle {
  push(progress: ToolProgress): void;
  /** Nothing is passed on any more. */
  end(): void;
}

/** Passes a new stage on at once, and otherwise the newest after a pause. */
export const throttled = (pass: (progress: ToolProgress) => void): Throttle => {
  let waiting: ToolProgress | null = null;
  let timer: NodeJS.Timeout | null = null;
  let stage: string | null = null;
  const flush = (): void => {
    timer = null;
    if (waiting === null) return;
    const next = waiting;
    waiting = null;
    timer = setTimeout(flush, EVERY_MS);
    pass(next);
  };
  return {
    push(progress) {
      // What only an older one said must not be lost.
      waiting = {
        ...progress,
        stage: progress.stage ?? waiting?.stage ?? null,
        percent: Math.max(progress.percent ?? 0, waiting?.percent ?? 0),
        message: progress.message ?? waiting?.message ?? null,
      };
      const news = progress.stage !== null && progress.stage !== stage;
      stage = progress.stage ?? stage;
      if (timer !== null && !news) return;
      if (timer !== null) clearTimeout(timer);
      flush();
    },
    end() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      waiting = null;
    },
  };
};
