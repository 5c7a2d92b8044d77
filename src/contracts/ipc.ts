/**
 * The channel between the control plane and the router process (Node IPC, one JSON message each).
 * The control plane owns all knowledge about models; the router only keeps this route table.
 */
import type { ActivityView, RequestView } from './activity.ts';
import type { ErrorCode } from './errors.ts';
import type { CheckedKey } from './keys.ts';
import type { GgufMetadataView, LifecycleState, LogEntryView, ParameterValue } from './views.ts';

export type Upstream = ({ socketPath: string } | { host: string; port: number }) & {
  /** Connections that its engine has threads for; without it as many as the router allows itself. */
  connections?: number;
};

/** One model as the router needs it. */
export interface Route {
  id: string;
  /** Every name a client may use: id, file name, with and without `.gguf`, aliases. */
  names: string[];
  state: LifecycleState;
  /** Where its llama-server listens; null unless `state` is loaded. */
  upstream: Upstream | null;
  /** Nothing new is handed to it: requests wait, those it answers are finished. Confirmed by `usage` with `held`. */
  held: boolean;
  /** Why requests cannot be served now (a failed start, a broken file); null while there is hope. */
  failure: { code: ErrorCode; message: string; retryAfter: number | null } | null;
  /** Percent 0–100 while loading. */
  progress: number | null;
  /** Epoch seconds. */
  created: number;
  size: number;
  contextLength: number | null;
  metadata: GgufMetadataView | null;
  /** Requests it answers at once, more wait; null leaves it to the connections. */
  concurrency: number | null;
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
  /** Whether bodies are captured, and how many bytes of each. */
  captureBodies: boolean;
  captureBytes: number;
}

export type ToRouter =
  | { type: 'start'; settings: RouterSettings; routes: Route[] }
  | { type: 'routes'; changed: Route[]; removed: string[] }
  /** What may change while it runs: everything but `host` and `port`, which count from its next start. */
  | { type: 'settings'; settings: RouterSettings }
  /** Answer `held` once no request of that model is in flight; from then on its requests wait, until its process is another one. */
  | { type: 'hold'; token: number; modelId: string }
  /** The hold with that token is taken back, granted or not. */
  | { type: 'release'; token: number; modelId: string }
  /** Answer `requests` with what runs and waits now. */
  | { type: 'requests'; token: number }
  /** End that request with an error that says who did it, then answer `cancelled`. */
  | { type: 'cancel'; token: number; id: string }
  /** The load a `need` asked for cannot happen; every request waiting for it is answered with this. */
  | { type: 'refused'; modelId: string; code: ErrorCode; message: string; retryAfter: number | null }
  /** End all streams of a model in band (an SSE error event, or a coded error), abort its upstream sockets, then answer `detached`. */
  | { type: 'detach'; token: number; modelId: string; reason: string }
  /** The keys that are valid from now on, and whether nobody gets in without one. Sent before `start` and at each change. */
  | { type: 'keys'; required: boolean; keys: CheckedKey[] }
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

/** One request that is over: what `ActivityView` says of it, as it travels over the channel. */
export type FinishedRequest = Omit<ActivityView, 'modelId' | 'key'> & {
  /** Empty when nobody has the model it asked for. */
  modelId: string;
  /** Name of the key it came with; null without one. */
  key: string | null;
};

/** A body as it went by: its beginning, and how long it was in all. */
export interface CapturedBody {
  headers: Record<string, string>;
  body: Uint8Array;
  bytes: number;
}

export interface CapturedRequest {
  id: string;
  at: number;
  route: string;
  request: CapturedBody;
  response: (CapturedBody & { status: number }) | null;
}

export interface ModelUsage {
  modelId: string;
  inFlight: number;
  active: number;
  held: boolean;
  lastEndedAt: number | null;
}

export type FromRouter =
  | { type: 'listening'; host: string; port: number }
  | { type: 'listen.failed'; code: string; message: string }
  /** A request arrived for a model that is not loaded. Sent once per model until the route changes or nobody waits. */
  | { type: 'need'; modelId: string }
  /** Nobody waits for that model any more. */
  | { type: 'unneed'; modelId: string }
  /**
   * Requests in flight per model changed (coalesced per event-loop turn). `active` of them are being answered, the others wait;
   * `held` repeats the route's; `lastEndedAt` is when the last request ended, or null.
   */
  | { type: 'usage'; models: ModelUsage[]; total: number }
  /** A request says how long its model stays after it: seconds, negative for ever, 0 as soon as it is idle, null what the configuration says. It holds until the model has left. */
  | { type: 'keep'; modelId: string; seconds: number | null }
  | { type: 'finished'; requests: FinishedRequest[] }
  /** Tokens streamed since the last of these, by model; sent about once a second while there are any. */
  | { type: 'tokens'; models: { modelId: string; tokens: number }[]; overMs: number }
  /** Sent before the `finished` that names the same request. */
  | { type: 'captured'; request: CapturedRequest }
  | { type: 'requests'; token: number; requests: RequestView[]; total: number }
  | { type: 'cancelled'; token: number; found: boolean }
  | { type: 'detached'; token: number; cut: number }
  | { type: 'held'; token: number }
  /** A client of the inference port wants what only the control plane can do: a command of the registry, answered by `answer`. `key` is the id of the client's key. */
  | { type: 'call'; token: number; command: string; payload: unknown; key: string | null }
  /** Somebody reads the log at the inference port, or nobody does any more; a router that starts follows nothing. */
  | { type: 'logs.follow'; on: boolean }
  | { type: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; message: string };
