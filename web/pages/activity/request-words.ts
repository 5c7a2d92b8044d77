/** Requests in words, and which of them a filter keeps. Pure. */
import type { ActivityView, RequestView } from '../../../src/contracts/activity.ts';
import type { ErrorCode } from '../../../src/contracts/errors.ts';
import type { Tone } from '../../kit/badge.tsx';
import { grouped } from '../../format/numbers.ts';

const NBSP = '\u00a0';

export const OUTCOMES = ['all', 'ok', 'error', 'cancelled'] as const;
export type Outcome = (typeof OUTCOMES)[number];
export const isOutcome = (value: unknown): value is Outcome => OUTCOMES.some((outcome) => outcome === value);

export interface RequestFilter {
  outcome: Outcome;
  /** Id of a model; empty for all. */
  model: string;
  /** Name of a key; empty for all. */
  key: string;
}

export const outcomeOf = (request: Pick<ActivityView, 'errorCode' | 'cancelled'>): Exclude<Outcome, 'all'> =>
  request.errorCode !== null ? 'error' : request.cancelled ? 'cancelled' : 'ok';

/** Keeps what the server keeps when it is asked with the same filter. */
export const keeps = ({ outcome, model, key }: RequestFilter, request: ActivityView): boolean =>
  (outcome === 'all' || (outcome === 'cancelled' ? request.cancelled : outcomeOf(request) === outcome)) &&
  (model === '' || request.modelId === model) &&
  (key === '' || request.key === key);

export const toneOf = (request: Pick<ActivityView, 'errorCode' | 'cancelled'>): Tone =>
  (({ ok: 'loaded', cancelled: 'neutral', error: 'error' }) as const)[outcomeOf(request)];

const CAUSES: Readonly<Record<string, string>> = {
  INVALID_PAYLOAD: 'The request was not valid',
  TOO_LARGE: 'It was too large',
  NOT_FOUND: 'There is no such thing',
  INVALID_STATE: 'It could not be done just then',
  UNAUTHORIZED: 'No valid key',
  FORBIDDEN: 'The key may not do this',
  RATE_LIMITED: 'Too many requests for its key',
  QUEUE_FULL: 'Too many requests were waiting',
  TIMEOUT: 'It waited too long',
  DOES_NOT_FIT: 'The model does not fit into memory',
  ENGINE_MISSING: 'There is no engine',
  UPSTREAM_FAILED: 'The model failed',
  INTERNAL: 'A fault in Llamactor; the log has its reference',
  invalid_api_key: 'No valid key',
  model_not_found: 'Nobody has that model',
  request_cancelled: 'Cancelled by an operator',
  engine_error: 'The engine refused it',
} satisfies Record<ErrorCode, string> & Record<string, string>;

/** Why it ended as it did, in a few words; null when it went well. */
export const causeOf = (request: Pick<ActivityView, 'errorCode' | 'cancelled'>): string | null =>
  request.errorCode !== null
    ? (CAUSES[request.errorCode] ?? request.errorCode.replaceAll('_', ' ').toLowerCase())
    : request.cancelled
      ? 'The client left'
      : null;

/** The status as a number, or what stands for it where there was none. */
export const statusText = (request: Pick<ActivityView, 'status'>): string =>
  request.status === 0 ? 'none' : String(request.status);

/** `1,204 → 212`; a dash where the engine did not say. */
export const tokenFlow = (request: Pick<ActivityView, 'promptTokens' | 'completionTokens'>): string => {
  const { promptTokens, completionTokens } = request;
  if (promptTokens === null && completionTokens === null) return '–';
  const known = (count: number | null): string => (count === null ? '–' : grouped(count));
  return `${known(promptTokens)}${NBSP}→${NBSP}${known(completionTokens)}`;
};

export const speed = (tokensPerSecond: number | null): string =>
  tokensPerSecond === null ? '–' : `${tokensPerSecond.toFixed(1)}${NBSP}t/s`;

/** What a request that is not over does now. */
export const doing = (request: RequestView): string => {
  if (request.state === 'reading') return 'sending its body';
  if (request.state === 'serving')
    return request.tokens === null ? 'being answered' : `${grouped(request.tokens)}${NBSP}tokens so far`;
  return request.position === null
    ? 'waiting'
    : request.position === 1
      ? 'waiting, next in line'
      : `waiting, number ${grouped(request.position)}`;
};
