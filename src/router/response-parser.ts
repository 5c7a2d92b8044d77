import { BadResponse, MOST_HEAD_BYTES, readHead } from './response-head.ts';
import type { ResponseHead } from './response-head.ts';

const HEAD_END = '\r\n\r\n';
const CR = 0x0d;
const LF = 0x0a;
/** Longest line with the size of a chunk, extensions included, and longest list of trailers. */
const MOST_LINE_BYTES = 4096;
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

export interface ResponseSink {
  head(head: ResponseHead): void;
  /** At most once per `feed`; the bytes belong to the receiver. `last` when the body ends with them. */
  data(bytes: Buffer, last: boolean): void;
}

type State = 'head' | 'bytes' | 'untilClose' | 'chunkSize' | 'chunkData' | 'chunkEnd' | 'trailers' | 'done';

/**
 * Takes an HTTP/1.1 response apart as its bytes arrive: the counterpart of one request, chunks joined to what they carry.
 * What it is fed may be overwritten afterwards.
 */
export class ResponseParser {
  /** The head of the answer, once it is known; those of the 1xx kind are passed over. */
  answer: ResponseHead | null = null;
  readonly #sink: ResponseSink;
  readonly #hasBody: boolean;
  #state: State = 'head';
  /** The beginning of a head or line whose end has not arrived. */
  #rest: Buffer | null = null;
  /** Bytes that the body or chunk still has. */
  #left = 0;
  #trailerBytes = 0;
  #pieces: Buffer[] = [];

  /** `hasBody` is false for the answer to a HEAD request. */
  constructor(sink: ResponseSink, hasBody = true) {
    this.#sink = sink;
    this.#hasBody = hasBody;
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  /** Throws BadResponse. Bytes behind the end of the answer are an error, too: nothing was asked for. */
  feed(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case 'head':
          at = this.#readHead(bytes, at);
          break;
        case 'bytes':
        case 'chunkData':
          at = this.#readBytes(bytes, at);
          break;
        case 'untilClose':
          this.#pieces.push(bytes.subarray(at));
          at = bytes.length;
          break;
        case 'chunkSize':
        case 'chunkEnd':
        case 'trailers':
          at = this.#readLine(bytes, at);
          break;
        case 'done':
          throw new BadResponse('there are bytes behind its end');
      }
    }
    this.#deliver();
  }

  /** The connection has ended. Returns whether that ends the answer as well. */
  finish(): boolean {
    if (this.#state === 'untilClose') this.#state = 'done';
    return this.done;
  }

  #deliver(): void {
    const [first, ...more] = this.#pieces;
    if (first === undefined) return;
    this.#pieces = [];
    this.#sink.data(more.length === 0 ? Buffer.from(first) : Buffer.concat([first, ...more]), this.done);
  }

  #readHead(bytes: Buffer, from: number): number {
    const all = this.#rest === null ? bytes.subarray(from) : Buffer.concat([this.#rest, bytes.subarray(from)]);
    const end = all.indexOf(HEAD_END, Math.max(0, (this.#rest?.length ?? 0) - HEAD_END.length), 'latin1');
    if ((end === -1 ? all.length : end) > MOST_HEAD_BYTES) throw new BadResponse('its headers are too long');
    if (end === -1) {
      this.#rest = Buffer.from(all);
      return bytes.length;
    }
    this.#rest = null;
    const head = readHead(all.toString('latin1', 0, end));
    if (head.status === 101) throw new BadResponse('it changes the protocol');
    if (head.status >= 200) this.#begin(head);
    return bytes.length - (all.length - end - HEAD_END.length);
  }

  #begin(head: ResponseHead): void {
    this.answer = head;
    const { body } = head;
    if (!this.#hasBody || body === 0) this.#state = 'done';
    else if (body === 'chunked') this.#state = 'chunkSize';
    else if (body === 'close') this.#state = 'untilClose';
    else {
      this.#state = 'bytes';
      this.#left = body;
    }
    this.#sink.head(head);
  }

  #readBytes(bytes: Buffer, from: number): number {
    const to = Math.min(bytes.length, from + this.#left);
    this.#pieces.push(bytes.subarray(from, to));
    this.#left -= to - from;
    if (this.#left === 0) this.#state = this.#state === 'bytes' ? 'done' : 'chunkEnd';
    return to;
  }

  #readLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(LF, from);
    const part = bytes.subarray(from, end === -1 ? bytes.length : end + 1);
    const line = this.#rest === null ? part : Buffer.concat([this.#rest, part]);
    if (line.length > MOST_LINE_BYTES) throw new BadResponse('a line of its chunks is too long');
    if (end === -1) {
      this.#rest = Buffer.from(line);
      return bytes.length;
    }
    this.#rest = null;
    if (line.at(-2) !== CR) throw new BadResponse('a line of its chunks has no proper end');
    this.#takeLine(line.toString('latin1', 0, line.length - 2));
    return end + 1;
  }

  #takeLine(line: string): void {
    if (this.#state === 'chunkEnd') {
      if (line !== '') throw new BadResponse('a chunk is longer than it says');
      this.#state = 'chunkSize';
    } else if (this.#state === 'chunkSize') {
      const size = CHUNK_SIZE.exec(line)?.[1];
      if (size === undefined) throw new BadResponse('the size of a chunk is no number');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailers' : 'chunkData';
    } else {
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > MOST_LINE_BYTES) throw new BadResponse('its trailers are too long');
      if (line === '') this.#state = 'done';
    }
  }
}
