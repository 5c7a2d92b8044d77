/**
 * "Healthy" is not proof that decoding moves. While requests are in flight the engine's own counter of decoded batches must
 * advance; if it stands still for the whole patience, or nothing answers at all, the engine is wedged.
 */
import type { Upstream } from '../../contracts/ipc.ts';
import { upstreamGet } from './upstream-get.ts';

export interface StallWatchOptions {
  upstream: Upstream;
  /** Requests in flight at this model now. */
  inFlight(): number;
  onStall(message: string): void;
  pollMs: number;
  patienceMs: number;
  now(): number;
}

/** Starts watching; the returned function ends it. Costs one small request per `pollMs`, only while requests are in flight. */
export const watchForStalls = (options: StallWatchOptions): (() => void) => {
  let counter: number | null = null;
  let movedAt = options.now();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;

  const look = async (): Promise<void> => {
    if (options.inFlight() === 0) {
      counter = null;
      movedAt = options.now();
    } else {
      const seen = await decodedBatches(options.upstream, Math.min(options.pollMs, 10_000));
      if (ended) return;
      // An engine without this counter answers, and that has to do.
      if (seen === 'unknown' || (seen !== null && seen !== counter)) {
        movedAt = options.now();
        counter = seen === 'unknown' ? null : seen;
      }
      const still = options.now() - movedAt;
      if (still >= options.patienceMs && options.inFlight() > 0) {
        ended = true;
        options.onStall(
          `The engine made no progress for ${Math.round(still / 1000)} s although requests were waiting; it is restarted.`,
        );
        return;
      }
    }
    schedule();
  };
  const schedule = (): void => {
    if (ended) return;
    timer = setTimeout(() => void look(), options.pollMs);
    timer.unref();
  };
  schedule();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
};

/** `llamacpp:n_decode_total` of /metrics; null when nothing answered, "unknown" when it answered without the counter. */
const decodedBatches = async (upstream: Upstream, timeoutMs: number): Promise<number | 'unknown' | null> => {
  try {
    const { status, body } = await upstreamGet(upstream, '/metrics', timeoutMs);
    const match = /^llamacpp:n_decode_total\s+([\d.e+]+)/m.exec(body);
    return status === 200 && match?.[1] !== undefined ? Number(match[1]) : 'unknown';
  } catch {
    return null;
  }
};
