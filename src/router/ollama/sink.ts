import type { OutgoingHttpHeaders } from 'node:http';
import type { Answer, AnswerSink } from '../answer.ts';
import { engineFailure, failureToldBy } from '../engine-failure.ts';
import { EventLines } from '../event-lines.ts';
import { failure } from '../failures.ts';
import type { Failure } from '../failures.ts';
import { isEventStream } from '../headers.ts';
import { isFields, parseJson } from '../later.ts';
import type { Fields } from '../later.ts';
import { unsupported } from '../refusal-sink.ts';
import { ToolCalls, deltaOf } from './deltas.ts';
import type { Delta } from './deltas.ts';
import { NDJSON } from './dialect.ts';
import type { EngineTask, Kind } from './requests.ts';
import { emptyPiece, piece, statistics, vectors } from './shapes.ts';

const IGNORED_OPTIONS = 'x-llamactor-ignored-options';

export interface SinkParts {
  answer: Answer;
  kind: Kind;
  task: EngineTask;
  /** The model as the client called it, and its id. */
  model: string;
  id: string;
  arrived: number;
  /** The engine has begun to answer: from now on the model is in use. */
  onBegin(): void;
}

/** Turns what the engine answers into Ollama's form: lines of JSON while it streams, else one object. */
export class OllamaSink implements AnswerSink {
  begun = false;
  readonly #parts: SinkParts;
  readonly #served = performance.now();
  readonly #lines = new EventLines();
  readonly #calls = new ToolCalls();
  #status = 0;
  #streams = false;
  /** The parts of an answer that is read as a whole. */
  readonly #whole: Buffer[] = [];
  #finish: string | null = null;
  #timings: Fields | null = null;
  #usage: Fields | null = null;

  constructor(parts: SinkParts) {
    this.#parts = parts;
  }

  begin(status: number, headers: OutgoingHttpHeaders): void {
    this.begun = true;
    this.#status = status;
    this.#parts.onBegin();
    this.#streams = status === 200 && isEventStream(headers['content-type']);
    if (this.#streams) this.#open();
  }

  write(chunk: Buffer): boolean {
    if (!this.#streams) {
      this.#whole.push(chunk);
      return true;
    }
    let lines = '';
    for (const data of this.#lines.feed(chunk)) {
      const event = data === '[DONE]' ? null : parseJson(data);
      if (!isFields(event)) continue;
      const delta = this.#note(event);
      if (delta.error !== undefined) {
        // What came before it in the same piece is part of the answer.
        if (lines !== '') this.#parts.answer.write(Buffer.from(lines));
        this.fail(failureToldBy(delta.error, 500));
        return true;
      }
      lines += this.#take(delta);
    }
    return lines === '' || this.#parts.answer.write(Buffer.from(lines));
  }

  whenDrained(go: () => void): void {
    this.#parts.answer.whenDrained(go);
  }

  end(last?: Buffer): void {
    if (last) this.write(last);
    const { answer, task } = this.#parts;
    if (answer.closed) return;
    if (this.#status !== 200) return this.fail(engineFailure(this.#status, Buffer.concat(this.#whole)));
    if (task.does === 'load') this.#send({ ...this.#empty(), done: true, done_reason: 'load' });
    else if (this.#streams) this.#endStream();
    else this.#endWhole();
  }

  fail(cause: Failure): void {
    this.#parts.answer.fail(unsupported(cause, this.#parts.id, this.#parts.task.path));
  }

  /** One event of the engine's stream, as lines for the client. */
  #take(delta: Delta): string {
    this.#calls.add(delta.calls);
    // A call is only worth something as a whole, and its pieces come with no sign of their end but the end of the answer.
    const calls = delta.finish === null ? [] : this.#calls.take();
    if (delta.text === '' && delta.thinking === '' && calls.length === 0) return '';
    return this.#line({ ...piece(this.#parts.kind, this.#parts.model, { ...delta, calls }), done: false });
  }

  #note(event: Fields): Delta {
    const delta = deltaOf(event);
    this.#finish = delta.finish ?? this.#finish;
    this.#timings = delta.timings ?? this.#timings;
    this.#usage = delta.usage ?? this.#usage;
    return delta;
  }

  #endStream(): void {
    const { answer } = this.#parts;
    if (this.#finish === null)
      return this.fail(failure('UPSTREAM_FAILED', 'The engine ended its answer before it was finished: try again.'));
    answer.end(Buffer.from(this.#line({ ...this.#empty(), ...this.#final() })));
  }

  #endWhole(): void {
    const { kind, model, arrived } = this.#parts;
    const answer = parseJson(Buffer.concat(this.#whole).toString('utf8'));
    if (!isFields(answer)) return this.fail(failure('UPSTREAM_FAILED', 'The engine’s answer is no JSON: try again.'));
    if (kind === 'embed' || kind === 'embeddings')
      return this.#send(vectors(kind, model, answer, { arrived, served: this.#served, ended: performance.now() }));
    const delta = this.#note(answer);
    this.#calls.add(delta.calls);
    this.#send({ ...piece(kind, model, { ...delta, calls: this.#calls.take() }), ...this.#final() });
  }

  #final(): Fields {
    const moments = { arrived: this.#parts.arrived, served: this.#served, ended: performance.now() };
    const numbers = statistics({ timings: this.#timings, usage: this.#usage }, moments);
    return { done: true, done_reason: this.#finish ?? 'stop', ...numbers };
  }

  #empty(): Fields {
    return emptyPiece(this.#parts.kind, this.#parts.model);
  }

  #line(value: Fields): string {
    return `${JSON.stringify(value)}\n`;
  }

  /** The whole answer at once: a line where the client reads lines. */
  #send(value: Fields): void {
    const { answer, task } = this.#parts;
    if (task.streams) {
      this.#open();
      return answer.end(Buffer.from(this.#line(value)));
    }
    const body = Buffer.from(JSON.stringify(value));
    const type = 'application/json; charset=utf-8';
    answer.begin(200, { 'content-type': type, 'content-length': body.length, ...this.#ignored() });
    answer.end(body);
  }

  #open(): void {
    const { answer } = this.#parts;
    if (!answer.begun) answer.begin(200, { 'content-type': NDJSON, 'x-accel-buffering': 'no', ...this.#ignored() });
  }

  #ignored(): OutgoingHttpHeaders {
    const { ignored } = this.#parts.task;
    return ignored.length === 0 ? {} : { [IGNORED_OPTIONS]: ignored.slice(0, 32).map(encodeURIComponent).join(', ') };
  }
}
