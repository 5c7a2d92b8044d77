import type { IncomingMessage } from 'node:http';
import type { Limits } from './limits.ts';

/** Bytes of request bodies in memory, over all requests. */
export interface HeldBytes {
  bytes: number;
}

export type BodyProblem = 'too large' | 'no memory' | 'stalled' | 'gone';

export interface BodyEvents {
  /** More bytes; `complete` is already true with the last of them where the length was declared. */
  chunk(chunk: Buffer): void;
  complete(): void;
  problem(problem: BodyProblem): void;
}

/**
 * The body of one request: held while its model is looked for or loaded, then handed on without a copy. Reading stops
 * whenever too much is held, which slows the client down. As long as nothing was dropped it can be sent a second time.
 */
export class RequestBody {
  /** The length the client declared, or null. */
  readonly declared: number | null;
  complete = false;

  readonly #req: IncomingMessage;
  readonly #limits: Limits;
  readonly #total: HeldBytes;
  readonly #events: BodyEvents;
  #chunks: Buffer[] = [];
  #dropped = 0;
  #held = 0;
  #received = 0;
  /** Bytes handed on by the flow that runs now, if one does. */
  #sent = 0;
  #flows = 0;
  #routed = false;
  #failed: Error | null = null;
  #closed = false;
  #wakers: (() => void)[] = [];
  #idle: NodeJS.Timeout | null = null;

  constructor(req: IncomingMessage, limits: Limits, total: HeldBytes, events: BodyEvents) {
    this.#req = req;
    this.#limits = limits;
    this.#total = total;
    this.#events = events;
    const length = req.headers['content-length'];
    this.declared = length === undefined ? null : Number(length);
    req.on('data', this.#onData);
    req.on('end', this.#onEnd);
    req.on('error', this.#onError);
    req.on('close', this.#onError);
    // Most bodies come with their headers and are complete by then, so that they need no timer.
    process.nextTick(watch, this);
  }

  /** True while the whole beginning is still here. */
  get replayable(): boolean {
    return this.#dropped === 0 && this.#received <= this.#limits.replayBytes;
  }

  /** The model is known: from now on `waitingBytes` limits what is held. */
  routed(): void {
    this.#routed = true;
    this.#throttle();
  }

  /**
   * What to send upstream: one buffer when everything is here and small, else an iterable of the chunks, which reads on from
   * the client as fast as the engine takes them.
   */
  content(): Buffer | AsyncIterable<Buffer> {
    if (this.complete && this.#dropped === 0) {
      const only = this.#chunks[0];
      if (this.#chunks.length === 1 && only) return only;
      if (this.#received <= this.#limits.replayBytes) return Buffer.concat(this.#chunks, this.#received);
    }
    return this.#flow();
  }

  /** Bytes that have arrived. */
  get received(): number {
    return this.#received;
  }

  /** The complete body in one piece, of whatever size; only before anything was handed on. */
  whole(): Buffer {
    return Buffer.concat(this.#chunks, this.#received);
  }

  /** The length to declare upstream, or null when only the end will tell. */
  get length(): number | null {
    return this.complete ? this.#received : this.declared;
  }

  /** Forgets everything; what still arrives is swallowed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#idle) clearTimeout(this.#idle);
    this.#total.bytes -= this.#held;
    this.#held = 0;
    this.#chunks = [];
    this.#wake();
    if (this.#req.isPaused()) this.#req.resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#closed) return;
    this.#received += chunk.length;
    this.#held += chunk.length;
    this.#total.bytes += chunk.length;
    this.#chunks.push(chunk);
    if (this.#received > this.#limits.bodyBytes) return this.#events.problem('too large');
    if (this.#total.bytes > this.#limits.heldBytes && this.#flows === 0) return this.#events.problem('no memory');
    const finished = this.declared !== null && this.#received >= this.declared;
    if (finished) this.complete = true;
    else this.#watch();
    this.#events.chunk(chunk);
    this.#throttle();
    this.#wake();
    if (finished) this.#finish();
  };

  readonly #onEnd = (): void => {
    if (this.#closed || this.complete) return;
    this.complete = true;
    this.#finish();
    this.#wake();
  };

  readonly #onError = (): void => {
    if (this.#closed || this.complete || this.#failed) return;
    this.#failed = new Error('the client left before its request was complete');
    this.#wake();
    this.#events.problem('gone');
  };

  #finish(): void {
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = null;
    if (!this.#closed) this.#events.complete();
  }

  /** From now on the body may be silent for `bodyIdleMs` at most. */
  watch(): void {
    if (!this.complete && !this.#closed) this.#watch();
  }

  #watch(): void {
    if (this.#idle) {
      this.#idle.refresh();
      return;
    }
    this.#idle = setTimeout(() => {
      // A client that we hold back ourselves is not to blame.
      if (this.#req.isPaused()) this.#idle?.refresh();
      else this.#events.problem('stalled');
    }, this.#limits.bodyIdleMs);
  }

  #throttle(): void {
    if (this.#closed || this.complete) return;
    const most = this.#flows > 0 ? this.#limits.replayBytes : this.#routed ? this.#limits.waitingBytes : Infinity;
    const unsent = this.#received - this.#sent;
    if (unsent > most) this.#req.pause();
    else if (this.#req.isPaused() && unsent <= most / 2) this.#resume();
  }

  #resume(): void {
    this.#idle?.refresh();
    this.#req.resume();
  }

  #wake(): void {
    if (this.#wakers.length === 0) return;
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }

  async *#flow(): AsyncGenerator<Buffer> {
    // A flow whose connection broke may still hang on its last step; only the newest one counts.
    const flow = ++this.#flows;
    this.#sent = 0;
    for (let index = this.#dropped; flow === this.#flows;) {
      if (this.#closed) throw new Error('the request is over');
      const chunk = this.#chunks[index - this.#dropped];
      if (chunk) {
        index++;
        this.#sent += chunk.length;
        this.#release(index);
        yield chunk;
      } else if (this.#failed) {
        throw this.#failed;
      } else if (this.complete) {
        return;
      } else {
        await new Promise<void>((resolve) => this.#wakers.push(resolve));
      }
    }
  }

  /** Drops what was sent, once the body is too large to be sent a second time. */
  #release(sent: number): void {
    if (this.#received > this.#limits.replayBytes) {
      const gone = this.#chunks.splice(0, sent - this.#dropped);
      this.#dropped = sent;
      for (const chunk of gone) {
        this.#held -= chunk.length;
        this.#total.bytes -= chunk.length;
      }
    }
    this.#throttle();
  }
}

const watch = (body: RequestBody): void => body.watch();
