import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Dialect } from './dialect.ts';
import type { Failure } from './failures.ts';
import { isEventStream } from './headers.ts';
import { sendFailure } from './replies.ts';

/** Up to this size the copy that joins a body to its head is cheaper than a write of its own. */
const JOINED_BYTES = 16 * 1024;

export const QUEUE_POSITION = 'x-llamactor-queue-position';

/** The client's side of one proxied request: knows what was sent already, and so in which form an error can still be told. */
export class Answer {
  readonly res: ServerResponse;
  /** What the client was told, or, after an error in the stream, that error's status. */
  status = 0;
  /** Set once the answer is complete from our side, well or badly. */
  closed = false;
  /** Set when the response was cut on purpose, because an error could not be told any more. */
  brokenOff = false;
  readonly #dialect: Dialect;
  #extra: Record<string, string> | null = null;
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
    this.#streams = isEventStream(headers['content-type']);
    this.res.writeHead(status, this.#extra === null ? headers : { ...headers, ...this.#extra });
    process.nextTick(flushHead, this);
  }

  /** Headers and first bytes mostly come together and then leave in one packet; headers alone must not wait for the bytes. */
  flush(): void {
    if (!this.#bodySent && !this.closed) this.res.flushHeaders();
  }

  /** Returns false when the client is slower than the engine: stop until `drain`. */
  write(chunk: Buffer): boolean {
    const { res } = this;
    if (this.#streams)
      this.#atEventEnd = chunk[chunk.length - 1] === 0x0a && (chunk.length < 2 || chunk[chunk.length - 2] === 0x0a);
    // Node frames a chunk by four writes. One string with the same bytes costs half as much, and a stream is hundreds of them.
    if (this.#bodySent && res.chunkedEncoding && res.socket && chunk.length <= JOINED_BYTES)
      return res.socket.write(`${chunk.length.toString(16)}\r\n${chunk.toString('latin1')}\r\n`, 'latin1');
    this.#bodySent = true;
    return res.write(chunk);
  }

  /** An SSE comment for a client that waits; opens the stream if need be. */
  note(text: string): void {
    if (this.closed) return;
    if (!this.begun)
      this.begin(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
    if (this.res.writableNeedDrain) return;
    this.#bodySent = true;
    this.res.write(`: ${text.replace(/[\r\n]+/g, ' ')}\n\n`);
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
    // As text the bytes are joined to the head and take one write instead of two; latin1 keeps every byte as it is.
    if (last === undefined) this.res.end();
    else if (!this.#bodySent && last.length <= JOINED_BYTES) this.res.end(last.toString('latin1'), 'latin1');
    else this.res.end(last);
  }

  /** Tells the error as well as it still can be told: as a response, as the last event of the stream, or by breaking off. */
  fail(cause: Failure): void {
    if (this.closed) return;
    this.closed = true;
    this.status = cause.status;
    if (!this.begun) {
      sendFailure(this.res, this.#dialect, cause, this.#extra ?? {});
    } else if (this.#streams) {
      // An event that was cut in the middle is ended first, or the error would become part of it.
      this.res.end((this.#atEventEnd ? '' : '\n\n') + this.#dialect.event(cause));
    } else {
      this.brokenOff = true;
      this.res.destroy();
    }
  }
}

const flushHead = (answer: Answer): void => answer.flush();
