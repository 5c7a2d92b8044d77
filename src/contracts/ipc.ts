/**
 * The channel between the control plane and the router process (Node IPC, one JSON message each).
 * The control plane owns all knowledge about models; the router only keeps this route table.
 */
import type { ActivityView, RequestView } from './activity.ts';
import type { CommandName } from './commands.ts';
import type { ErrorCode } from './errors.ts';
import type { GgufMetadataView, LifecycleState } from './views.ts';

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
  /** Answer `requests` with what runs and waits now. */
  | { type: 'requests'; token: number }
  /** End that request with an error that says who did it, then answer `cancelled`. */
  | { type: 'cancel'; token: number; id: string }
  /** The load a `need` asked for cannot happen; every request waiting for it is answered with this. */
  | { type: 'refused'; modelId: string; code: ErrorCode; message: string; retryAfter: number | null }
  /** End all streams of a model in band (an SSE error event, or a coded error), abort its upstream sockets, then answer `detached`. */
  | { type: 'detach'; token: number; modelId: string; reason: string }
  /** The outcome of the `call` with that token. */
  | { type: 'answer'; token: number; outcome: CallOutcome }
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
  /** Name of the key it came with. */
  key?: string | null;
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
  /** Tokens streamed since the last of these, by model; sent about once a second while there are any. */
  | { type: 'tokens'; models: { modelId: string; tokens: number }[]; overMs: number }
  /** Sent before the `finished` that names the same request. */
  | { type: 'captured'; request: CapturedRequest }
  | { type: 'requests'; token: number; requests: RequestView[]; total: number }
  | { type: 'cancelled'; token: number; found: boolean }
  | { type: 'detached'; token: number; cut: number }
  /** A client of the inference port wants what only the control plane can do: a command of the registry, answered by `answer`. */
  | { type: 'call'; token: number; command: CommandName; payload: unknown }
  | { type: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; message: string };
