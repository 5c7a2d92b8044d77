/**
 * The channel between the control plane and the router process (Node IPC, one JSON message each).
 * The control plane owns all knowledge about models; the router only keeps this route table.
 */
import type { ErrorCode } from './errors.ts';
import type { GgufMetadataView, LifecycleState, LogEntryView, ParameterValue } from './views.ts';

export type Upstream = { socketPath: string } | { host: string; port: number };

/** One model as the router needs it. */
export interface Route {
  id: string;
  /** Every name a client may use: id, file name, with and without `.gguf`, aliases. */
  names: string[];
  state: LifecycleState;
  /** Where its llama-server listens; null unless `state` is loaded. */
  upstream: Upstream | null;
  /** Why requests cannot be served now (a failed start, a broken file); null while there is hope. */
  failure: { code: ErrorCode; message: string; retryAfter: number | null } | null;
  /** Percent 0–100 while loading. */
  progress: number | null;
  /** Epoch seconds. */
  created: number;
  size: number;
  contextLength: number | null;
  metadata: GgufMetadataView | null;
  /** What it is started with, by the engine's names, or would be. */
  parameters: Record<string, ParameterValue>;
}

export interface RouterSettings {
  host: string;
  port: number;
  /** Longest time a request waits for its model, ms. */
  queueTimeoutMs: number;
  /** Longest queue per model. */
  queueLimit: number;
  /** Host header names allowed besides loopback names. */
  allowedHosts: string[];
  /** Browser origins allowed besides same-host loopback origins. */
  allowedOrigins: string[];
}

export type ToRouter =
  | { type: 'start'; settings: RouterSettings; routes: Route[] }
  | { type: 'routes'; changed: Route[]; removed: string[] }
  /** The load a `need` asked for cannot happen; every request waiting for it is answered with this. */
  | { type: 'refused'; modelId: string; code: ErrorCode; message: string; retryAfter: number | null }
  /** End all streams of a model in band (an SSE error event, or a coded error), abort its upstream sockets, then answer `detached`. */
  | { type: 'detach'; token: number; modelId: string; reason: string }
  /** The outcome of the `call` with that token. */
  | { type: 'answer'; token: number; outcome: CallOutcome }
  /** What was written to the log while the router follows it; `dropped` entries before these were too many to send. */
  | { type: 'logs'; entries: LogEntryView[]; dropped: number }
  /** Stop accepting, give requests in flight this long, then exit 0. */
  | { type: 'shutdown'; deadlineMs: number };

/** A refusal as it travels over the channel; the fields of a CodedError. */
export interface CallRefusal {
  code: ErrorCode;
  message: string;
  retryAfter?: number | undefined;
  details?: Readonly<Record<string, unknown>> | undefined;
}

export type CallOutcome = { ok: true; result: unknown } | { ok: false; error: CallRefusal };

export interface FinishedRequest {
  modelId: string;
  /** Path without query, e.g. "/v1/chat/completions". */
  route: string;
  status: number;
  startedAt: number;
  durationMs: number;
  /** Time waited for the model, ms. */
  queuedMs: number;
  /** First upstream body byte after arrival; null when there was none. */
  firstByteMs: number | null;
  promptTokens: number | null;
  completionTokens: number | null;
  /** Generation speed the engine reported, tokens per second. */
  tokensPerSecond: number | null;
  /** The client left before the answer was complete. */
  cancelled: boolean;
}

export type FromRouter =
  | { type: 'listening'; host: string; port: number }
  | { type: 'listen.failed'; code: string; message: string }
  /** A request arrived for a model that is not loaded. Sent once per model until the route changes or nobody waits. */
  | { type: 'need'; modelId: string }
  /** Nobody waits for that model any more. */
  | { type: 'unneed'; modelId: string }
  /** Requests in flight per model changed (coalesced per event-loop turn); `lastEndedAt` is when the last request ended, or null. */
  | { type: 'usage'; models: { modelId: string; inFlight: number; lastEndedAt: number | null }[]; total: number }
  | { type: 'finished'; requests: FinishedRequest[] }
  | { type: 'detached'; token: number; cut: number }
  /** A client of the inference port wants what only the control plane can do: a command of the registry, answered by `answer`. */
  | { type: 'call'; token: number; command: string; payload: unknown }
  /**
   * A client said how long that model shall stay in memory after its last request: seconds, negative for ever, 0 to unload it as
   * soon as it is idle, null for the configured time.
   */
  | { type: 'keep'; modelId: string; seconds: number | null }
  /** Somebody reads the log at the inference port, or nobody does any more; a router that starts follows nothing. */
  | { type: 'logs.follow'; on: boolean }
  | { type: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; message: string };
