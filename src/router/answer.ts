import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Dialect } from './dialect.ts';
import type { Failure } from './failures.ts';
import { isEventStream } from './headers.ts';
import { sendFailure } from './replies.ts';

export const QUEUE_POSITION = 'x-llamactor-queue-position';

const EVENT_STREAM: NonNullable<Dialect['stream']> = {
  contentType: 'text/event-stream',
  note: (text) => `: ${text}\n\n`,
};

/** Where a relay puts what the engine answers: an Answer, or something that turns it into another API's form first. */
export interface AnswerSink {
  /** True once nothing but the rest of a stream can follow. */
  readonly begun: boolean;
  begin(status: number, headers: OutgoingHttpHeaders): void;
  /** Returns false when the client is slower than the engine: stop until `whenDrained` calls back. */
  write(chunk: Buffer): boolean;
  whenDrained(go: () => void): void;
  /** With the last bytes, if they come with the end. */
  end(last?: Buffer): void;
  fail(cause: Failure): void;
}

/** The client's side of one proxied request: knows what was sent already, and so in which form an error can still be told. */
export class Answer implements AnswerSink {
  readonly res: ServerResponse;
  /** What the client was told, or, after an error in the stream, that error's status. */
  status = 0;
  /** Set once the answer is complete from our side, well or badly. */
  closed = false;
  /** Set when the response was cut on purpose, because an error could not be told any more. */
  brokenOff = false;
  readonly #dialect: Dialect;
  #extra: Record<string, string> = {};
  #streams = false;
  #bodySent = false;
  /** True while the bytes sent so far end between two events. */
  #atEventEnd = true;

  constructor(res: ServerResponse, dialect: Dialect) {
    this.res = res;
    this.#dialect = dialect;
  }

  get begun(): boolean {
    return this.res.headersSent;
  }

  /** The request had to wait at that place of the queue. */
  waited(position: number): void {
    this.#extra = { [QUEUE_POSITION]: String(position) };
  }

  begin(status: number, headers: OutgoingHttpHeaders): void {
    this.status = status;
    const type = headers['content-type'];
    this.#streams = isEventStream(type) || (type !== undefined && type === this.#dialect.stream?.contentType);
    this.res.writeHead(status, { ...headers, ...this.#extra });
    // Headers and first bytes mostly come together and then leave in one packet; headers alone must not wait for the bytes.
    process.nextTick(() => {
      if (!this.#bodySent && !this.closed) this.res.flushHeaders();
    });
  }

  /** Returns false when the client is slower than the engine: stop until `drain`. */
  write(chunk: Buffer): boolean {
    this.#bodySent = true;
    if (this.#streams) this.#atEventEnd = chunk.at(-1) === 0x0a && (chunk.length < 2 || chunk.at(-2) === 0x0a);
    return this.res.write(chunk);
  }

  whenDrained(go: () => void): void {
    this.res.once('drain', go);
  }

  /** An SSE comment (or what the dialect has instead) for a client that waits; opens the stream if need be. */
  note(text: string): void {
    if (this.closed) return;
    const form = this.#dialect.stream ?? EVENT_STREAM;
    if (!this.begun)
      this.begin(200, { 'content-type': form.contentType, 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
    if (this.res.writableNeedDrain) return;
    this.#bodySent = true;
    this.res.write(form.note(text.replace(/[\r\n]+/g, ' ')));
  }

  end(last?: Buffer): void {
    if (this.closed) return;
    this.closed = true;
    this.res.end(last);
  }

  /** Tells the error as well as it still can be told: as a response, as the last event of the stream, or by breaking off. */
  fail(cause: Failure): void {
    if (this.closed) return;
    this.closed = true;
    this.status = cause.status;
    if (!this.begun) {
      sendFailure(this.res, this.#dialect, cause, this.#extra);
    } else if (this.#streams) {
      // An event that was cut in the middle is ended first, or the error would become part of it. Other forms are written by whole lines.
      this.res.end((this.#atEventEnd || this.#dialect.stream ? '' : '\n\n') + this.#dialect.event(cause));
    } else {
      this.brokenOff = true;
      this.res.destroy();
    }
  }
}
