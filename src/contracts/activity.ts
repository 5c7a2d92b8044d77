/** Requests as people see them: those that are over, those that run, what was captured of them, and the models' timeline. */
import type { LifecycleState } from './views.ts';

/** One finished request. Numbers an engine did not tell are null; times are epoch ms, durations ms. */
export interface ActivityView {
  /** Unique over the life of the data folder. */
  id: string;
  startedAt: number;
  /** Null when nobody has the model it asked for. */
  modelId: string | null;
  /** Path without query. */
  route: string;
  /** What the client was told, or after an error in a stream that error's status; 0 when it left before any answer. */
  status: number;
  /** A code of the table, a word such as `model_not_found`, `engine_error` for the engine’s own refusal; null when it went well. */
  errorCode: string | null;
  /** Name of the key it came with; null without one. */
  key: string | null;
  streamed: boolean;
  /** Cached ones included. */
  promptTokens: number | null;
  cachedTokens: number | null;
  completionTokens: number | null;
  promptTokensPerSecond: number | null;
  tokensPerSecond: number | null;
  queuedMs: number;
  /** From its arrival to the engine’s first byte. */
  firstByteMs: number | null;
  durationMs: number;
  bytesIn: number;
  bytesOut: number;
  /** The client left before the answer was complete. */
  cancelled: boolean;
  /** It was sent to its engine a second time. */
  retried: boolean;
  /** Its bodies were captured when it ran; they may have made room for newer ones since. */
  captured: boolean;
}

export interface PercentilesView {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

/** Of a set of requests. */
export interface ActivityTotalsView {
  count: number;
  errors: number;
  cancelled: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** Median over the requests that had a speed. */
  tokensPerSecond: number | null;
  /** Times in ms. */
  queuedMs: PercentilesView;
  /** Of streamed answers only. */
  firstByteMs: PercentilesView;
  durationMs: PercentilesView;
}

export interface ActivitySummaryView extends ActivityTotalsView {
  from: number;
  to: number;
  /** False when the history kept does not reach back to `from`. */
  complete: boolean;
  /** The busiest first; null stands for models nobody has. */
  models: ({ modelId: string | null } & ActivityTotalsView)[];
}

/** A request that runs or waits now. */
export interface RequestView {
  id: string;
  modelId: string | null;
  route: string;
  /** `reading`: its body has not said yet what it wants. */
  state: 'reading' | 'waiting' | 'serving';
  startedAt: number;
  ageMs: number;
  /** 1 for the next to be served; null when it does not wait. */
  position: number | null;
  key: string | null;
  streamed: boolean;
  /** Pieces of the stream so far, which is about the tokens; null for whole answers. */
  tokens: number | null;
}

export interface CapturedBodyView {
  /** Without secrets. */
  headers: Record<string, string>;
  /** The beginning of the body, secrets hidden; base64 where it is no text. */
  body: string;
  encoding: 'utf8' | 'base64';
  /** Of the whole body. */
  bytes: number;
  truncated: boolean;
}

export interface CaptureView {
  id: string;
  at: number;
  route: string;
  request: CapturedBodyView;
  /** Null when the engine answered nothing. */
  response: (CapturedBodyView & { status: number }) | null;
}

export interface TimelineSpanView {
  state: LifecycleState;
  from: number;
  /** Now for the span that goes on. */
  to: number;
  /** Why: the arithmetic of a decision, or the cause of a failure. */
  reason?: string;
  /** Who asked: `socket`, `http`, `router` (a request came), `server`. */
  by?: string;
  /** Bytes, as measured while it was loaded. */
  memory?: number;
}

export interface TimelineView {
  from: number;
  to: number;
  lanes: { modelId: string; spans: TimelineSpanView[] }[];
}
