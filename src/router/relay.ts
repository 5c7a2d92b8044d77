import type { Dispatcher } from 'undici';
import type { AnswerSink } from './answer.ts';
import { engineFailure } from './engine-failure.ts';
import { isEventStream, responseHeaders } from './headers.ts';
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
export class Relay implements Dispatcher.DispatchHandler {
  readonly tail = new Tail();
  /** True once the engine has answered anything: from then on the request must not be sent again. */
  responded = false;

  readonly #answer: AnswerSink;
  readonly #events: RelayEvents;
  #controller: Dispatcher.DispatchController | null = null;
  #aborted = false;
  #upstreamStatus = 0;
  /** Set when the stream to the client was opened early and the engine's answer turns out not to be a stream. */
  #inBand: Buffer[] | null = null;
  #inBandBytes = 0;

  constructor(answer: AnswerSink, events: RelayEvents) {
    this.#answer = answer;
    this.#events = events;
  }

  /** Ends the exchange with the engine now; closing its connection is what makes it stop generating. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#controller?.abort(new Error('aborted'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#aborted) controller.abort(new Error('aborted'));
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.responded = true;
    this.#upstreamStatus = status;
    if (!this.#answer.begun) this.#answer.begin(status, responseHeaders(headers));
    else if (status !== 200 || !isEventStream(headers['content-type'])) this.#inBand = [];
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#events.firstByte();
    this.tail.push(chunk);
    if (this.#inBand) {
      this.#inBandBytes += chunk.length;
      if (this.#inBandBytes <= IN_BAND_BYTES) this.#inBand.push(chunk);
      return;
    }
    if (this.#answer.write(chunk)) return;
    controller.pause();
    this.#answer.whenDrained(() => controller.resume());
  }

  onResponseEnd(): void {
    this.#controller = null;
    if (this.#aborted) return;
    if (this.#inBand) this.#answer.fail(engineFailure(this.#upstreamStatus, Buffer.concat(this.#inBand)));
    else this.#answer.end();
    this.#events.completed();
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    this.#controller = null;
    if (!this.#aborted) this.#events.failed(error);
  }
}
