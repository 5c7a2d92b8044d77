import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Dialect } from './dialect.ts';
import type { Failure } from './failures.ts';
import { isEventStream } from './headers.ts';
import { sendFailure } from './replies.ts';
import { inThisTurn } from './turn.ts';

/** Larger chunks are not copied: a write of their own costs less. */
const JOINED_BYTES = 16 * 1024;

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
  /** Code of the error it was told; null while there is none, and for errors of the engine's own. */
  code: string | null = null;
  /** Set once the answer is complete from our side, well or badly. */
  closed = false;
  /** Set when the response was cut on purpose, because an error could not be told any more. */
  brokenOff = false;
  readonly #dialect: Dialect;
  #extra: Record<string, string> | null = null;
  #streams = false;
  #bodySent = false;
  /** What came in this turn of the event loop, and whether the end did. */
  #unsent: Buffer[] = [];
  #ending = false;
  #flushing = false;
  /** True while the bytes sent so far end between two events. */
  #atEventEnd = true;

  constructor(res: ServerResponse, dialect: Dialect) {
    this.res = res;
    this.#dialect = dialect;
  }

  /** True when it is an event stream. */
  get streamed(): boolean {
    return this.#streams;
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
    this.res.writeHead(status, this.#extra === null ? headers : { ...headers, ...this.#extra });
    // The first bytes mostly come with the headers and then leave in one packet.
    process.nextTick(flushHead, this);
  }

  /** Headers alone must not wait for the bytes. */
  flushHead(): void {
    if (!this.#bodySent && !this.closed && this.#unsent.length === 0) this.res.flushHeaders();
  }

  /** Returns false when the client is slower than the engine: stop until `whenDrained`. */
  write(chunk: Buffer): boolean {
    const { res } = this;
    if (this.#streams)
      this.#atEventEnd = chunk[chunk.length - 1] === 0x0a && (chunk.length < 2 || chunk[chunk.length - 2] === 0x0a);
    if (chunk.length > JOINED_BYTES) return this.#writeLarge(chunk);
    this.#unsent.push(chunk);
    this.#flushSoon();
    return !(res.socket ?? res).writableNeedDrain;
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

  /** Calls back once the client has taken what `write` called too much. */
  whenDrained(go: () => void): void {
    // A response that waits behind another one of its connection has no socket yet.
    (this.res.socket ?? this.res).once('drain', go);
  }

  /** With the last bytes, if they come with the end: then head and body of a short answer leave in one packet. */
  end(last?: Buffer): void {
    if (this.closed) return;
    this.closed = true;
    this.#ending = true;
    if (last === undefined) this.#flushSoon();
    else this.write(last);
  }

  /** Tells the error as well as it still can be told: as a response, as the last event of the stream, or by breaking off. */
  fail(cause: Failure): void {
    if (this.closed) return;
    this.closed = true;
    this.#flush();
    this.status = cause.status;
    this.code = cause.code;
    if (!this.begun) {
      sendFailure(this.res, this.#dialect, cause, this.#extra ?? {});
    } else if (this.#streams) {
      // An event that was cut in the middle is ended first, or the error would become part of it. Other forms are written by whole lines.
      this.res.end((this.#atEventEnd || this.#dialect.stream ? '' : '\n\n') + this.#dialect.event(cause));
    } else {
      this.brokenOff = true;
      this.res.destroy();
    }
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    inThisTurn(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  /** Sends what this turn has brought. As text it takes one write for what would take several; latin1 keeps every byte as it is. */
  #flush(): void {
    const { res } = this;
    if (res.destroyed) return;
    const text = this.#unsent.length === 0 ? '' : this.#takeUnsent();
    const isFirst = !this.#bodySent;
    if (text !== '') this.#bodySent = true;
    if (this.#ending) {
      this.#ending = false;
      if (text !== '' && isFirst) return void res.end(text, 'latin1');
      res.socket?.cork();
      if (text !== '') this.#writeFramed(text);
      res.end();
      res.socket?.uncork();
    } else if (text !== '' && isFirst) {
      res.write(text, 'latin1');
    } else if (text !== '') {
      this.#writeFramed(text);
    }
  }

  #writeLarge(chunk: Buffer): boolean {
    const ending = this.#ending;
    this.#ending = false;
    this.#flush();
    this.#bodySent = true;
    if (!ending) return this.res.write(chunk);
    this.res.end(chunk);
    return true;
  }

  /** Node frames a chunk by four writes; one string with the same bytes costs half as much, and a stream is hundreds of them. */
  #writeFramed(text: string): void {
    const { res } = this;
    if (res.chunkedEncoding && res.socket) res.socket.write(`${text.length.toString(16)}\r\n${text}\r\n`, 'latin1');
    else res.write(text, 'latin1');
  }

  #takeUnsent(): string {
    const [first, ...more] = this.#unsent;
    this.#unsent = [];
    if (first === undefined) return '';
    return (more.length === 0 ? first : Buffer.concat([first, ...more])).toString('latin1');
  }
}

const flushHead = (answer: Answer): void => answer.flushHead();
