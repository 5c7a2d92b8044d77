import type { OutgoingHttpHeaders } from 'node:http';
import type { Answer, AnswerSink } from './answer.ts';
import { engineFailure } from './engine-failure.ts';
import type { Failure } from './failures.ts';
import { isEventStream } from './headers.ts';

/** Largest error body of an engine that is read. */
const MOST_BYTES = 64 * 1024;

export interface RefusalRules {
  /** Whether the engine's answer with that status is told anew, in the dialect of the client. */
  translates(status: number): boolean;
  /** The engine's own failure, in better words. */
  reword(cause: Failure): Failure;
}

/** Hands answers on as they come, and says the engine's refusals in the client's dialect. */
export class RefusalSink implements AnswerSink {
  begun = false;
  readonly #answer: Answer;
  readonly #rules: RefusalRules;
  /** The parts of an answer that is to be told anew; null for one that is handed on. */
  #refusal: Buffer[] | null = null;
  #bytes = 0;
  #status = 0;

  constructor(answer: Answer, rules: RefusalRules) {
    this.#answer = answer;
    this.#rules = rules;
  }

  begin(status: number, headers: OutgoingHttpHeaders): void {
    this.begun = true;
    this.#status = status;
    // Once a waiting client was sent a note, only a stream can follow.
    const fits = !this.#answer.begun || (status === 200 && isEventStream(headers['content-type']));
    if (this.#rules.translates(status) || !fits) this.#refusal = [];
    else if (!this.#answer.begun) this.#answer.begin(status, headers);
  }

  write(chunk: Buffer): boolean {
    if (!this.#refusal) return this.#answer.write(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes <= MOST_BYTES) this.#refusal.push(chunk);
    return true;
  }

  whenDrained(go: () => void): void {
    this.#answer.whenDrained(go);
  }

  end(last?: Buffer): void {
    if (!this.#refusal) return this.#answer.end(last);
    if (last) this.write(last);
    this.fail(this.#rules.reword(engineFailure(this.#status, Buffer.concat(this.#refusal))));
  }

  fail(cause: Failure): void {
    this.#answer.fail(cause);
  }
}

/** What the engine cannot do, as a refusal that says so; anything else stays as it is. */
export const unsupported = (cause: Failure, id: string, what: string): Failure => {
  if (cause.status !== 404 && cause.status !== 501) return cause;
  const reason =
    cause.status === 404 ? 'its llama-server has no such endpoint' : `its llama-server says: ${cause.message}`;
  return {
    ...cause,
    status: 501,
    type: 'not_supported_error',
    code: 'not_supported',
    message: `The engine that runs ${id} cannot do ${what}: ${reason.replace(/[.\s]+$/, '')}. Use another model, or start this one with what that needs.`,
    retryAfter: null,
  };
};

/** Passes everything on but the refusals of an engine that cannot do what was asked. */
export const unsupportedRules = (id: string, what: string): RefusalRules => ({
  translates: (status) => status === 404 || status === 501,
  reword: (cause) => unsupported(cause, id, what),
});
