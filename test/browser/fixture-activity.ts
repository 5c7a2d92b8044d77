/** Requests, a timeline and keys of an ordinary day. Plausible, and the same every time. */
import type {
  ActivitySummaryView,
  ActivityTotalsView,
  ActivityView,
  CaptureView,
  RequestView,
  TimelineSpanView,
  TimelineView,
} from '../../src/contracts/activity.ts';
import type { KeyView } from '../../src/contracts/keys.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const QWEN = 'Qwen3-8B-Q4_K_M';
const GEMMA = 'gemma-3-12b-it-Q4_K_M';
const KEYS = [null, 'open-webui', 'laptop', null, 'nightly'] as const;

export const aRequest = (id: string, parts: Partial<ActivityView> = {}): ActivityView => ({
  id,
  startedAt: Date.now() - MINUTE,
  modelId: QWEN,
  route: '/v1/chat/completions',
  status: 200,
  errorCode: null,
  key: null,
  streamed: true,
  promptTokens: 1204,
  cachedTokens: 1100,
  completionTokens: 212,
  promptTokensPerSecond: 812.4,
  tokensPerSecond: 41.8,
  queuedMs: 0.2,
  firstByteMs: 341.6,
  durationMs: 5420.1,
  bytesIn: 5120,
  bytesOut: 48_213,
  cancelled: false,
  retried: false,
  captured: false,
  ...parts,
});

const FAULTS: readonly Partial<ActivityView>[] = [
  { status: 404, errorCode: 'model_not_found', modelId: null, queuedMs: 0, durationMs: 1.2 },
  { status: 0, cancelled: true, completionTokens: null, tokensPerSecond: null, durationMs: 2130 },
  { status: 507, errorCode: 'DOES_NOT_FIT', modelId: 'Llama-3.3-70B-Instruct-Q4_K_M', durationMs: 38.4 },
  { status: 429, errorCode: 'RATE_LIMITED', key: 'nightly', durationMs: 0.8 },
];
const UNTOLD = {
  promptTokens: null,
  cachedTokens: null,
  completionTokens: null,
  promptTokensPerSecond: null,
  tokensPerSecond: null,
  firstByteMs: null,
} as const;

/** Newest first; every ninth one went wrong in some way. */
export const someRequests = (now: number, count: number): ActivityView[] =>
  Array.from({ length: count }, (_, back): ActivityView => {
    const number = count - back;
    const fault = number % 9 === 0 ? FAULTS[(number / 9) % FAULTS.length] : undefined;
    const wave = (Math.sin(number * 1.7) + 1) / 2;
    return aRequest(`r${String(number)}`, {
      startedAt: now - back * 47 * SECOND - 9 * SECOND,
      modelId: number % 3 === 0 ? GEMMA : QWEN,
      route: number % 7 === 0 ? '/v1/messages' : '/v1/chat/completions',
      key: KEYS[number % KEYS.length] ?? null,
      promptTokens: 180 + Math.round(wave * 4200),
      cachedTokens: Math.round(wave * 2000),
      completionTokens: 24 + Math.round(wave * 700),
      tokensPerSecond: 28 + Math.round(wave * 220) / 10,
      queuedMs: number % 5 === 0 ? 1240.5 * (1 + wave) : 0.2,
      firstByteMs: 120 + Math.round(wave * 900),
      durationMs: 900 + Math.round(wave * 14_000),
      captured: number % 4 === 0,
      ...(fault === undefined ? {} : { ...UNTOLD, ...fault }),
    });
  });

const quantile = (values: readonly number[], share: number): number | null =>
  [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? null;
const percentiles = (values: readonly (number | null)[]) => {
  const known = values.filter((value) => value !== null);
  return { p50: quantile(known, 0.5), p95: quantile(known, 0.95), p99: quantile(known, 0.99) };
};
const totalsOf = (rows: readonly ActivityView[]): ActivityTotalsView => {
  const total = (read: (row: ActivityView) => number | null): number =>
    rows.reduce((sum, row) => sum + (read(row) ?? 0), 0);
  return {
    count: rows.length,
    errors: rows.filter(({ errorCode }) => errorCode !== null).length,
    cancelled: rows.filter(({ cancelled }) => cancelled).length,
    promptTokens: total((row) => row.promptTokens),
    cachedTokens: total((row) => row.cachedTokens),
    completionTokens: total((row) => row.completionTokens),
    tokensPerSecond: percentiles(rows.map((row) => row.tokensPerSecond)).p50,
    queuedMs: percentiles(rows.map((row) => row.queuedMs)),
    firstByteMs: percentiles(rows.map((row) => row.firstByteMs)),
    durationMs: percentiles(rows.map((row) => row.durationMs)),
  };
};

export const summaryOf = (now: number, hours: number, rows: readonly ActivityView[]): ActivitySummaryView => {
  const from = now - hours * HOUR;
  const shown = rows.filter(({ startedAt }) => startedAt >= from);
  const ids = [...new Set(shown.map(({ modelId }) => modelId))];
  return {
    ...totalsOf(shown),
    from,
    to: now,
    complete: true,
    models: ids
      .map((modelId) => ({ modelId, ...totalsOf(shown.filter((row) => row.modelId === modelId)) }))
      .sort((a, b) => b.count - a.count),
  };
};

export const someRunning = (now: number): RequestView[] => [
  {
    id: 'run1',
    modelId: QWEN,
    route: '/v1/chat/completions',
    state: 'serving',
    startedAt: now - 8 * SECOND,
    ageMs: 8 * SECOND,
    position: null,
    key: 'open-webui',
    streamed: true,
    tokens: 318,
  },
  {
    id: 'run2',
    modelId: QWEN,
    route: '/v1/messages',
    state: 'waiting',
    startedAt: now - 2 * SECOND,
    ageMs: 2 * SECOND,
    position: 1,
    key: null,
    streamed: false,
    tokens: null,
  },
];

export const someCapture = (id: string): CaptureView => ({
  id,
  at: Date.now(),
  route: '/v1/chat/completions',
  request: {
    headers: { 'content-type': 'application/json', authorization: '[hidden]' },
    body: JSON.stringify({ model: QWEN, messages: [{ role: 'user', content: 'Are llamas kind?' }], stream: true }),
    encoding: 'utf8',
    bytes: 118,
    truncated: false,
  },
  response: {
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    body: 'data: {"choices":[{"delta":{"content":"Very."}}]}\n\ndata: [DONE]\n\n',
    encoding: 'utf8',
    bytes: 66,
    truncated: false,
  },
});

/** Spans one after another, each with its length in minutes; the last goes on until `to`. */
const lane = (
  modelId: string,
  to: number,
  parts: readonly [TimelineSpanView['state'], minutes: number, Partial<TimelineSpanView>?][],
): TimelineView['lanes'][number] => {
  let at = to - parts.reduce((sum, [, minutes]) => sum + minutes, 0) * MINUTE;
  return {
    modelId,
    spans: parts.map(([state, minutes, more]) => {
      const from = at;
      at += minutes * MINUTE;
      return { state, from, to: at, ...more };
    }),
  };
};

const load = (by: string, reason: string) => ['loading', 0.2, { by, reason }] as const;
const FITS = 'Needs 5.6 GB; 13.1 GB are free after the reserve of 0.5 GB.';

export const someTimeline = (now: number, hours: number): TimelineView => {
  const from = now - hours * HOUR;
  const lanes = [
    lane(QWEN, now, [[...load('socket', FITS)], ['loaded', 127, { memory: 5_600_000_000 }]]),
    lane(GEMMA, now, [
      [...load('http', FITS)],
      ['loaded', 340, { memory: 8_900_000_000 }],
      ['stopping', 0.1],
      ['unloaded', 30],
      [...load('router', FITS)],
      ['loaded', 34, { memory: 8_900_000_000 }],
    ]),
    lane('gpt-oss-20b-mxfp4', now, [
      [...load('router', 'Needs 12.9 GB; 14.0 GB are free.')],
      ['loaded', 22, { memory: 12_900_000_000 }],
      ['stopping', 1, { reason: 'Left after 12 min without a request to make room for Mistral-Small-3.2-24B.' }],
      ['unloaded', 3],
    ]),
    lane('Llama-3.3-70B-Instruct-Q4_K_M', now, [
      ['loading', 1.5, { by: 'socket' }],
      ['error', 6, { reason: 'The engine ran out of memory: it asked for 41.2 GB and 18.6 GB were free.' }],
    ]),
  ].map(({ modelId, spans }) => ({
    modelId,
    spans: spans.filter((span) => span.to > from).map((span) => ({ ...span, from: Math.max(span.from, from) })),
  }));
  return { from, to: now, lanes: lanes.filter(({ spans }) => spans.length > 0) };
};

export const aKey = (name: string, parts: Partial<KeyView> = {}): KeyView => ({
  id: `k-${name}`,
  name,
  hint: 'lla_x7Qp',
  scopes: ['infer'],
  models: null,
  concurrency: null,
  ratePerMinute: null,
  createdAt: Date.now() - 40 * 24 * HOUR,
  expiresAt: null,
  lastUsedAt: null,
  ...parts,
});

export const someKeys = (now: number): KeyView[] => [
  aKey('open-webui', { models: [QWEN, GEMMA], concurrency: 4, ratePerMinute: 120, lastUsedAt: now - 20 * SECOND }),
  aKey('laptop', { hint: 'lla_Kd3m', scopes: ['admin'], lastUsedAt: now - 3 * HOUR }),
  aKey('nightly', {
    hint: 'lla_9bTz',
    scopes: ['infer', 'observe'],
    expiresAt: now + 6 * 24 * HOUR,
    lastUsedAt: now - 11 * HOUR,
  }),
  aKey('old phone', { hint: 'lla_w2Lc', expiresAt: now - 5 * 24 * HOUR }),
];
