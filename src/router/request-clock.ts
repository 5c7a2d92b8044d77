import type { FinishedRequest } from '../contracts/ipc.ts';
import { measuredSpeed } from './tail.ts';
import type { TokenFacts } from './tail.ts';

type Took = Pick<FinishedRequest, 'startedAt' | 'durationMs' | 'queuedMs' | 'firstByteMs'> & TokenFacts;

/** The moments of one request, from its arrival on. */
export class RequestClock {
  /** Epoch ms. */
  readonly startedAt = Date.now();
  /** The same moment on the clock of `performance`, ms. */
  readonly arrived = performance.now();
  #enteredAt: number | null = null;
  #servedAt: number | null = null;
  #firstByteAt: number | null = null;

  /** It stands in its model's line. */
  entered(): void {
    this.#enteredAt = performance.now();
  }

  /** It is its turn. */
  served(): void {
    this.#servedAt = performance.now();
  }

  get wasServed(): boolean {
    return this.#servedAt !== null;
  }

  /** The engine has said something; only the first time counts. */
  firstByte(): void {
    this.#firstByteAt ??= performance.now();
  }

  /** How long everything took until now, ms, with what the engine told; where that is no speed, a stream's is measured. */
  took(facts: TokenFacts, streamed: boolean): Took {
    const now = performance.now();
    const firstByteAt = this.#firstByteAt;
    const queuedMs = this.#enteredAt === null ? 0 : (this.#servedAt ?? now) - this.#enteredAt;
    const speed =
      facts.tokensPerSecond ?? (streamed ? measuredSpeed(facts.completionTokens, now - (firstByteAt ?? now)) : null);
    return {
      startedAt: this.startedAt,
      durationMs: rounded(now - this.arrived),
      queuedMs: rounded(queuedMs),
      firstByteMs: firstByteAt === null ? null : rounded(firstByteAt - this.arrived),
      ...facts,
      tokensPerSecond: speed,
    };
  }
}

/** Microseconds are enough, and fifteen digits cost more to write and read than all other fields together. */
const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;
