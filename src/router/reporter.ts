import type { CapturedRequest, FinishedRequest, FromRouter, ModelUsage } from '../contracts/ipc.ts';
import { RouterMetrics } from './metrics.ts';

interface Load {
  inFlight: number;
  /** Being answered. */
  active: number;
  held: boolean;
  lastEndedAt: number | null;
  /** What the control plane was told last. */
  toldInFlight: number;
}

interface Intervals {
  finishedEveryMs: number;
  usageEveryMs: number;
}

/**
 * Counts requests and tells the control plane: `usage` once per turn of the event loop, at once when an idle model becomes busy
 * (it must not be evicted) and otherwise at most every few milliseconds; `finished` in batches.
 */
export class Reporter {
  readonly metrics = new RouterMetrics();
  readonly #send: (message: FromRouter) => void;
  readonly #intervals: Intervals;
  readonly #loads = new Map<string, Load>();
  readonly #changed = new Set<string>();
  #total = 0;
  /** Takes back the sending that is planned, if one is. */
  #cancelUsage: (() => void) | null = null;
  #usageUrgent = false;
  #usageSentAt = -Infinity;
  #finished: FinishedRequest[] = [];
  #finishedDue: NodeJS.Timeout | null = null;
  #finishedSentAt = -Infinity;

  constructor(send: (message: FromRouter) => void, intervals: Intervals) {
    this.#send = send;
    this.#intervals = intervals;
  }

  /** Requests being answered or waiting now. */
  get total(): number {
    return this.#total;
  }

  arrived(): void {
    this.#total++;
  }

  left(): void {
    this.#total--;
  }

  begin(modelId: string): void {
    const load = this.#load(modelId);
    load.inFlight++;
    this.#mark(modelId, load.toldInFlight === 0);
  }

  /** It is that request's turn. */
  serving(modelId: string): void {
    this.#load(modelId).active++;
    this.#mark(modelId, false);
  }

  /** Told at once: somebody waits for the model's memory. */
  held(modelId: string, held: boolean): void {
    this.#load(modelId).held = held;
    this.#mark(modelId, true);
  }

  /** `served` is false for a request that never reached the model: that is no use of it. */
  end(modelId: string, served: boolean): void {
    const load = this.#loads.get(modelId);
    if (!load) return;
    load.inFlight--;
    if (served) {
      load.active--;
      load.lastEndedAt = Date.now();
    }
    this.#mark(modelId, load.held && load.active === 0);
  }

  forget(modelId: string): void {
    this.metrics.forget(modelId);
    if (this.#loads.get(modelId)?.inFlight === 0) this.#loads.delete(modelId);
  }

  /** @param captured what was captured of it, if anything was */
  finished(request: FinishedRequest, captured: CapturedRequest | null = null): void {
    this.metrics.record(request);
    if (captured) this.#send({ type: 'captured', request: captured });
    this.#finished.push(request);
    if (this.#finishedDue) return;
    const wait = Math.max(0, this.#finishedSentAt + this.#intervals.finishedEveryMs - performance.now());
    this.#finishedDue = setTimeout(() => this.#sendFinished(), wait);
  }

  #load(modelId: string): Load {
    const load = this.#loads.get(modelId) ?? {
      inFlight: 0,
      active: 0,
      held: false,
      lastEndedAt: null,
      toldInFlight: 0,
    };
    this.#loads.set(modelId, load);
    return load;
  }

  /** Says now who is busy: before something is asked for that depends on it. */
  flushUsage(): void {
    this.#sendUsage();
  }

  /** Sends what is due now; nothing is left waiting. */
  flush(): void {
    this.#sendUsage();
    this.#sendFinished();
  }

  #mark(modelId: string, urgent: boolean): void {
    this.#changed.add(modelId);
    if (this.#cancelUsage && (!urgent || this.#usageUrgent)) return;
    this.#cancelUsage?.();
    this.#usageUrgent = urgent;
    const wait = this.#usageSentAt + this.#intervals.usageEveryMs - performance.now();
    if (urgent || wait <= 0) {
      const immediate = setImmediate(() => this.#sendUsage());
      this.#cancelUsage = () => clearImmediate(immediate);
    } else {
      const timer = setTimeout(() => this.#sendUsage(), wait);
      this.#cancelUsage = () => clearTimeout(timer);
    }
  }

  #sendUsage(): void {
    this.#cancelUsage?.();
    this.#cancelUsage = null;
    this.#usageUrgent = false;
    if (this.#changed.size === 0) return;
    this.#usageSentAt = performance.now();
    const models = [...this.#changed].flatMap((modelId): ModelUsage[] => {
      const load = this.#loads.get(modelId);
      if (!load) return [];
      const { inFlight, active, held, lastEndedAt } = load;
      load.toldInFlight = inFlight;
      return [{ modelId, inFlight, active, held, lastEndedAt }];
    });
    this.#changed.clear();
    this.#send({ type: 'usage', models, total: this.#total });
  }

  #sendFinished(): void {
    if (this.#finishedDue) clearTimeout(this.#finishedDue);
    this.#finishedDue = null;
    if (this.#finished.length === 0) return;
    this.#finishedSentAt = performance.now();
    const requests = this.#finished;
    this.#finished = [];
    this.#send({ type: 'finished', requests });
  }
}
