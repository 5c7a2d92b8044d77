import type { AnswerSink } from './answer.ts';
import type { Capture } from './capture.ts';
import type { Exchange, ResponseHandler } from './engine-connection.ts';
import { engineFailure } from './engine-failure.ts';
import { isEventStream, responseHeaders } from './headers.ts';
import type { ResponseHeaders } from './response-head.ts';
import { Tail } from './tail.ts';

/** Largest error body of an engine that is passed on inside a stream. */
const IN_BAND_BYTES = 64 * 1024;

export interface RelayEvents {
  firstByte(): void;
  /** The engine's answer is complete and was handed to the client. */
  completed(): void;
  /** The engine's connection failed before that; not called after `abort`. */
  failed(error: Error): void;
}

/** Carries one response from the engine to the client: every chunk is written as it came, and reading stops while the client is slow. */
export class Relay implements ResponseHandler {
  readonly tail = new Tail();
  /** True once the engine has answered anything: from then on the request must not be sent again. */
  responded = false;
  /** Bytes of the engine's answer so far, and the pieces they came in: of a stream about one per token. */
  bytes = 0;
  pieces = 0;

  readonly #answer: AnswerSink;
  readonly #events: RelayEvents;
  readonly #capture: Capture | null;
  #exchange: Exchange | null = null;
  #aborted = false;
  #upstreamStatus = 0;
  /** Set when the stream to the client was opened early and the engine's answer turns out not to be a stream. */
  #inBand: Buffer[] | null = null;
  #inBandBytes = 0;

  constructor(answer: AnswerSink, events: RelayEvents, capture: Capture | null = null) {
    this.#answer = answer;
    this.#events = events;
    this.#capture = capture;
  }

  /** Ends the exchange with the engine now; closing its connection is what makes it stop generating. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#exchange?.abort(new Error('aborted'));
  }

  onRequestStart(exchange: Exchange): void {
    this.#exchange = exchange;
    if (this.#aborted) exchange.abort(new Error('aborted'));
  }

  onResponseStart(_: Exchange, status: number, headers: ResponseHeaders): void {
    this.responded = true;
    this.#upstreamStatus = status;
    this.#capture?.answered(status, headers);
    if (!this.#answer.begun) this.#answer.begin(status, responseHeaders(headers));
    else if (status !== 200 || !isEventStream(headers['content-type'])) this.#inBand = [];
  }

  onResponseData(exchange: Exchange, chunk: Buffer, last: boolean): void {
    this.#events.firstByte();
    this.tail.push(chunk);
    this.bytes += chunk.length;
    this.pieces++;
    this.#capture?.response(chunk);
    if (this.#inBand) {
      this.#inBandBytes += chunk.length;
      if (this.#inBandBytes <= IN_BAND_BYTES) this.#inBand.push(chunk);
      return;
    }
    if (last) return this.#answer.end(chunk);
    if (this.#answer.write(chunk)) return;
    exchange.pause();
    this.#answer.whenDrained(() => exchange.resume());
  }

  onResponseEnd(): void {
    this.#exchange = null;
    if (this.#aborted) return;
    if (this.#inBand) this.#answer.fail(engineFailure(this.#upstreamStatus, Buffer.concat(this.#inBand)));
    else this.#answer.end();
    this.#events.completed();
  }

  onResponseError(_: Exchange | null, error: Error): void {
    this.#exchange = null;
    if (!this.#aborted) this.#events.failed(error);
  }
}
