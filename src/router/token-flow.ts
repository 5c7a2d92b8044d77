import type { FromRouter } from '../contracts/ipc.ts';

/** A request whose answer may be a stream. */
export interface Streaming {
  readonly modelId: string;
  /** Tokens since it was asked last. */
  takeTokens(): number;
}

const EVERY_MS = 1000;

/**
 * Tells the control plane how many tokens were streamed, once a second while something runs. The streams count for themselves;
 * nothing is done per token here, and an idle router has no timer.
 */
export class TokenFlow {
  readonly #send: (message: FromRouter) => void;
  readonly #running: Iterable<Streaming> & { readonly size: number };
  readonly #ended = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #since = 0;

  constructor(send: (message: FromRouter) => void, running: Iterable<Streaming> & { readonly size: number }) {
    this.#send = send;
    this.#running = running;
  }

  begun(): void {
    if (this.#timer) return;
    this.#since = performance.now();
    this.#timer = setInterval(() => this.#tell(), EVERY_MS).unref();
  }

  /** What a request that is over had not told yet. */
  ended(modelId: string, tokens: number): void {
    if (tokens > 0) this.#ended.set(modelId, (this.#ended.get(modelId) ?? 0) + tokens);
  }

  #tell(): void {
    const now = performance.now();
    const overMs = now - this.#since;
    this.#since = now;
    for (const request of this.#running) this.ended(request.modelId, request.takeTokens());
    const models = [...this.#ended].map(([modelId, tokens]) => ({ modelId, tokens }));
    this.#ended.clear();
    if (models.length > 0) this.#send({ type: 'tokens', models, overMs });
    if (this.#running.size > 0 || !this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
