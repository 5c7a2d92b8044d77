import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestView } from '../contracts/activity.ts';
import type { CheckedKey } from '../contracts/keys.ts';
import { holderOf, mayUse, notAllowed } from './admission.ts';
import { Answer } from './answer.ts';
import type { AnswerSink } from './answer.ts';
import type { BodyScan } from './body-scan.ts';
import type { Capture } from './capture.ts';
import type { Connection } from './connections.ts';
import type { Dialect } from './dialect.ts';
import { bodyFailure, brokenConnection, invalid, isSafeToRepeat, tooMany } from './failures.ts';
import type { Failure } from './failures.ts';
import { RequestClock } from './request-clock.ts';
import { newRequestId } from './request-id.ts';
import { requestHeaders } from './headers.ts';
import { JsonScan } from './json-scan.ts';
import { Lane } from './lane.ts';
import type { Ticket } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { Quotas } from './quotas.ts';
import type { Limits } from './limits.ts';
import { chooseModel } from './model-choice.ts';
import { Relay } from './relay.ts';
import type { Reporter } from './reporter.ts';
import { RequestBody } from './request-body.ts';
import type { BodyProblem, HeldBytes } from './request-body.ts';
import type { Roster } from './roster.ts';
import { NO_FACTS } from './tail.ts';
import type { TokenFlow } from './token-flow.ts';

/** What a proxied endpoint is made of. */
export interface ProxySpec {
  /** The path without query, for the records. */
  route: string;
  /** The engine's path for it. */
  upstreamPath: string;
  /** The engine's method for it; POST unless said. */
  method?: string;
  /** Whether its answer can be an event stream, so that notes may be sent while it waits. */
  streams: boolean;
  dialect: Dialect;
  /** The model, where something else than the body names it. */
  lane?: Lane;
  /** What looks for the model in the body: a scan of JSON unless said. */
  scan?: BodyScan;
  /** False for looking at a model, which does not count as using it. */
  isUse?: boolean;
  /** The body and the negotiation of its coding are between client and engine. */
  raw?: boolean;
  exchange?: Exchange;
}

/** How another API is spoken over the engine's own. Nothing of it is in the way of a request that needs no translation. */
export interface Exchange {
  /**
   * The engine's request, made of the client's complete body; without this the body is handed on as it comes. Null when no engine
   * is needed and the exchange answers by itself.
   */
  prepare?(body: Buffer, lane: Lane): Prepared | Failure | null;
  /** Stands between the engine's answer and the client. Called when the model is there and the request is sent. */
  sink?(answer: Answer, lane: Lane): AnswerSink;
}

export interface Prepared {
  method: 'GET' | 'POST';
  path: string;
  body: Buffer;
  /** Whether the client expects a stream, and so may be told that it waits. */
  streams: boolean;
}

export interface ProxyDeps {
  lanes: Lanes;
  reporter: Reporter;
  flow: TokenFlow;
  limits: Limits;
  quotas: Quotas;
  held: HeldBytes;
  /** Every request from arrival to the close of its response. */
  running: Roster<ProxyRequest>;
  /** Null unless capturing is switched on. */
  capture(id: string, route: string, req: IncomingMessage): Capture | null;
  over(): void;
}

type Phase = 'reading' | 'waiting' | 'serving' | 'failing' | 'over';

const FIELDS = ['model', 'stream'];

/** One inference request from its first byte to the close of its response. */
export class ProxyRequest implements Ticket {
  readonly id = newRequestId();
  readonly key: CheckedKey | null;
  readonly #deps: ProxyDeps;
  readonly #spec: ProxySpec;
  readonly #req: IncomingMessage;
  readonly #search: string;
  readonly #answer: Answer;
  readonly #body: RequestBody;
  readonly #scan: BodyScan;
  readonly #clock = new RequestClock();
  #phase: Phase = 'reading';
  #prepared: Prepared | null = null;
  #lane: Lane | null = null;
  #connection: Connection | null = null;
  #relay: Relay | null = null;
  readonly #capture: Capture | null;
  #toldTokens = 0;
  #retried = false;
  #noteTimer: NodeJS.Timeout | null = null;

  constructor(deps: ProxyDeps, spec: ProxySpec, req: IncomingMessage, res: ServerResponse, search: string) {
    this.key = holderOf(req);
    this.#deps = deps;
    this.#spec = spec;
    this.#req = req;
    this.#search = search;
    this.#answer = new Answer(res, spec.dialect);
    this.#capture = deps.capture(this.id, spec.route, req);
    this.#scan = spec.scan ?? new JsonScan(FIELDS);
    deps.running.add(this);
    deps.reporter.arrived();
    deps.flow.begun();
    res.on('close', () => this.#close());
    this.#body = new RequestBody(req, deps.limits, deps.held, {
      chunk: (chunk) => this.#onChunk(chunk),
      complete: () => this.#onComplete(),
      problem: (problem) => this.#onBodyProblem(problem),
    });
  }

  /** Refuses what can be refused by the headers alone; the rest happens as the body arrives. */
  start(): void {
    const wait = this.#deps.quotas.spend(this.key, this.#clock.arrived);
    const encoding = this.#req.headers['content-encoding'];
    if (wait !== null && this.key) {
      this.#fail(tooMany(this.key, wait));
    } else if (encoding !== undefined && encoding !== 'identity' && this.#spec.raw !== true) {
      this.#fail(invalid(`Bodies compressed with ${encoding} are not read here: send the JSON uncompressed.`));
    } else if (this.#body.declared !== null && this.#body.declared > this.#deps.limits.bodyBytes) {
      this.#onBodyProblem('too large');
    } else if (this.#spec.lane) {
      if (this.key?.models && !mayUse(this.key, this.#spec.lane.route)) this.#fail(notAllowed(this.key));
      else this.#enter(this.#spec.lane);
    }
  }

  serve(connection: Connection): void {
    this.#phase = 'serving';
    this.#clock.served();
    if (this.#lane) this.#deps.reporter.serving(this.#lane.route.id);
    this.#connection = connection;
    if (this.#noteTimer) clearTimeout(this.#noteTimer);
    this.#send(connection);
  }

  refuse(cause: Failure): void {
    this.#fail(cause);
  }

  cut(cause: Failure): void {
    this.#fail(cause);
  }

  /** Empty while it is not known, or when nobody has that model. */
  get modelId(): string {
    return this.#lane?.route.id ?? '';
  }

  get route(): string {
    return this.#spec.route;
  }

  get waits(): boolean {
    return this.#phase === 'waiting';
  }

  /** Nothing more will come of it; at most its last bytes are still on their way to the client. */
  get isOver(): boolean {
    return this.#phase === 'over';
  }

  /** Tokens streamed since it was asked last. */
  takeTokens(): number {
    const pieces = this.#answer.streamed ? (this.#relay?.pieces ?? 0) : 0;
    const tokens = pieces - this.#toldTokens;
    this.#toldTokens = pieces;
    return tokens;
  }

  /** Null once it is over. */
  view(now: number, position: number | null): RequestView | null {
    if (this.#phase === 'over') return null;
    const { streamed } = this.#answer;
    return {
      id: this.id,
      modelId: this.#lane?.route.id ?? null,
      route: this.#spec.route,
      state: this.#phase === 'failing' ? 'serving' : this.#phase,
      startedAt: this.#clock.startedAt,
      ageMs: now - this.#clock.arrived,
      position,
      key: this.key?.name ?? null,
      streamed,
      tokens: streamed ? (this.#relay?.pieces ?? 0) : null,
    };
  }

  #onChunk(chunk: Buffer): void {
    this.#capture?.request(chunk);
    if (this.#phase !== 'reading' && this.#phase !== 'waiting') return;
    if (this.#scan.settled) return;
    this.#scan.feed(chunk);
    // After the last chunk `#onComplete` follows at once, and only then is it known whether the JSON ends well.
    if (!this.#body.complete) this.#consider();
  }

  #onComplete(): void {
    if (this.#phase !== 'reading' && this.#phase !== 'waiting') return;
    if (!this.#scan.settled) this.#scan.end();
    this.#consider();
  }

  /** Looks at what the scan has found so far. */
  #consider(): void {
    const { lanes } = this.#deps;
    const { exchange, lane } = this.#spec;
    // The lane was entered at the start, or the whole body is needed before.
    if (lane || (exchange?.prepare && !this.#body.complete)) return;
    const choice = chooseModel(this.#scan, this.#body.complete, this.#search, lanes, this.key);
    if (choice === null) return;
    if (!(choice instanceof Lane)) this.#fail(choice);
    else if (this.#phase === 'reading') this.#prepare(choice);
  }

  #prepare(lane: Lane): void {
    const prepared = this.#spec.exchange?.prepare?.(this.#body.whole(), lane);
    if (prepared === undefined) return this.#enter(lane);
    if (prepared === null) {
      this.#phase = 'over';
      return this.#body.close();
    }
    if ('status' in prepared) return this.#fail(prepared);
    this.#prepared = prepared;
    this.#enter(lane);
  }

  #enter(lane: Lane): void {
    this.#lane = lane;
    this.#phase = 'waiting';
    this.#clock.entered();
    this.#deps.reporter.begin(lane.route.id);
    lane.enter(this);
    if (!this.#isWaiting()) return;
    this.#answer.waited(lane.position(this));
    this.#body.routed();
    if (this.#spec.streams) this.#noteTimer = setTimeout(() => this.#note(lane), this.#deps.limits.firstNoteMs);
  }

  #isWaiting(): boolean {
    return this.#phase === 'waiting';
  }

  #note(lane: Lane): void {
    if (this.#prepared?.streams ?? this.#scan.found.get('stream') === true) {
      const { id, state, progress } = lane.route;
      const what = progress === null ? state : `${state} ${Math.round(progress)} %`;
      this.#answer.note(`waiting for model ${id}, position ${lane.position(this)}, ${what}`);
    }
    this.#noteTimer = setTimeout(() => this.#note(lane), this.#deps.limits.noteEveryMs);
  }

  #send(connection: Connection): void {
    const { exchange, method = 'POST', upstreamPath, raw = false } = this.#spec;
    const lane = this.#lane;
    const sink = lane ? exchange?.sink?.(this.#answer, lane) : undefined;
    const relay: Relay = new Relay(
      sink ?? this.#answer,
      {
        firstByte: () => this.#clock.firstByte(),
        completed: () => {
          this.#phase = 'over';
          this.#body.close();
          this.#release();
        },
        failed: (error) => this.#onUpstreamFailure(error, relay, connection),
      },
      this.#capture,
    );
    this.#relay = relay;
    const content = this.#prepared?.body ?? this.#body.content();
    connection.dispatch(
      {
        method: this.#prepared?.method ?? method,
        path: this.#prepared?.path ?? upstreamPath + this.#search,
        headers: requestHeaders(this.#req, Buffer.isBuffer(content) ? null : this.#body.length, raw),
        body: content,
      },
      relay,
    );
  }

  #onUpstreamFailure(error: Error, relay: Relay, connection: Connection): void {
    if (this.#phase !== 'serving') return;
    const lane = this.#lane;
    if (lane && !relay.responded && this.#mayRetry(error, lane, connection)) {
      this.#retried = true;
      // Not from within the failing client: it has to finish closing its socket first.
      setImmediate(() => {
        if (this.#phase === 'serving') this.#send(connection);
      });
      return;
    }
    this.#phase = 'failing';
    this.#release();
    lane?.cause(this.#deps.limits.causeMs, (cause) => {
      this.#fail(brokenConnection(lane.route.id, error, relay.responded, cause));
    });
  }

  #mayRetry(error: Error, lane: Lane, connection: Connection): boolean {
    return (
      !this.#retried && isSafeToRepeat(error, connection.used) && this.#body.replayable && lane.leadsTo(connection)
    );
  }

  #onBodyProblem(problem: BodyProblem): void {
    if (problem !== 'gone') this.#fail(bodyFailure(problem, this.#deps.limits.bodyBytes));
  }

  /** Ends the request with an error, wherever it stands. */
  #fail(cause: Failure): void {
    if (this.#phase === 'over') return;
    const phase = this.#phase;
    this.#phase = 'over';
    if (phase === 'waiting') this.#lane?.leave(this);
    if (phase === 'serving') this.#abort();
    this.#answer.fail(cause);
    this.#body.close();
  }

  #abort(): void {
    this.#relay?.abort();
    this.#release();
  }

  #release(): void {
    const connection = this.#connection;
    this.#connection = null;
    if (connection) this.#lane?.release(this, connection);
  }

  /** The response is closed: it was sent, or the client left, or we broke it off. */
  #close(): void {
    const { closed, brokenOff, res } = this.#answer;
    const cancelled = !closed || (!res.writableFinished && !brokenOff);
    const phase = this.#phase;
    this.#phase = 'over';
    this.#answer.closed = true;
    if (phase === 'waiting') this.#lane?.leave(this);
    if (phase === 'serving') this.#abort();
    if (this.#noteTimer) clearTimeout(this.#noteTimer);
    this.#body.close();
    this.#report(cancelled);
    this.#deps.running.delete(this);
    this.#deps.over();
  }

  #report(cancelled: boolean): void {
    const { reporter, flow } = this.#deps;
    reporter.left();
    const id = this.modelId;
    if (this.#lane) reporter.end(id, this.#clock.wasServed && this.#spec.isUse !== false);
    flow.ended(id, this.takeTokens());
    const { status, code, streamed } = this.#answer;
    const relay = this.#relay;
    const capture = this.#capture?.taken(this.#clock.startedAt) ?? null;
    reporter.finished(
      {
        id: this.id,
        modelId: id,
        key: this.key?.name ?? null,
        route: this.#spec.route,
        status,
        errorCode: code ?? (status >= 400 ? 'engine_error' : null),
        streamed,
        ...this.#clock.took(relay?.tail.facts() ?? NO_FACTS, streamed),
        bytesIn: this.#body.received,
        bytesOut: relay?.bytes ?? 0,
        cancelled,
        retried: this.#retried,
        captured: capture !== null,
      },
      capture,
    );
  }
}
