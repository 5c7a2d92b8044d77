import { httpStatus } from '../contracts/errors.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import type { CheckedKey } from '../contracts/keys.ts';
import type { Route } from '../contracts/ipc.ts';
import type { BodyProblem } from './request-body.ts';

/** Why a request is not answered: everything an error body, its status and its headers are made of. */
export interface Failure {
  status: number;
  /** A code of the table, or a word that clients of the API know, such as `model_not_found`. */
  code: string;
  type: string;
  message: string;
  /** Seconds. */
  retryAfter: number | null;
  headers?: Record<string, string>;
}

interface Extra {
  status?: number;
  apiCode?: string;
  retryAfter?: number | null;
  headers?: Record<string, string>;
}

const typeOf = (status: number): string => {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  if (status === 503) return 'unavailable_error';
  if (status === 504) return 'timeout_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
};

/** A failure with the status of its code, unless HTTP has a closer one (405, 413). */
export const failure = (code: ErrorCode, message: string, extra: Extra = {}): Failure => {
  const status = extra.status ?? httpStatus(code, extra.retryAfter);
  return {
    status,
    code: extra.apiCode ?? code,
    type: typeOf(status),
    message,
    retryAfter: extra.retryAfter ?? null,
    ...(extra.headers ? { headers: extra.headers } : {}),
  };
};

export const invalid = (message: string): Failure => failure('INVALID_PAYLOAD', message);

/** More requests than a key may send in a minute; after `waitSeconds` one fits again. */
export const tooMany = (key: CheckedKey, waitSeconds: number): Failure => {
  const message = `The key ${JSON.stringify(key.name)} may send ${key.ratePerMinute ?? 0} requests a minute: try again in ${Math.ceil(waitSeconds)} s.`;
  return failure('RATE_LIMITED', message, { retryAfter: waitSeconds });
};

/** What the control plane says about a model that cannot serve. */
export const ofRoute = (cause: NonNullable<Route['failure']>): Failure =>
  failure(cause.code, cause.message, { retryAfter: cause.retryAfter });

/**
 * The headers of an error response. `x-should-retry` is read by the OpenAI clients: without it they repeat every 5xx twice,
 * which is useless where nothing will change by itself (a broken file, a model that does not fit).
 */
export const failureHeaders = (cause: Failure): Record<string, string> => ({
  ...(cause.retryAfter === null ? {} : { 'retry-after': String(Math.max(1, Math.ceil(cause.retryAfter))) }),
  ...(cause.retryAfter === null && cause.status >= 500 ? { 'x-should-retry': 'false' } : {}),
  ...cause.headers,
});

/** What is wrong with a body that did not arrive as a whole. */
export const bodyFailure = (problem: Exclude<BodyProblem, 'gone'>, mostBytes: number): Failure => {
  switch (problem) {
    case 'stalled':
      return invalid('The rest of the body did not arrive: send the request again.');
    case 'too large': {
      const most = `${Math.floor(mostBytes / 1024 / 1024)} MB`;
      return failure('INVALID_PAYLOAD', `The body is larger than ${most}: send a smaller one.`, { status: 413 });
    }
    case 'no memory': {
      const message = 'Too many large requests are waiting: try again when some are done.';
      return failure('QUEUE_FULL', message, { retryAfter: 5 });
    }
  }
};

/** How a connection looks that the engine had already closed. */
const RESETS = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

const codeOf = (error: Error): string => (error as NodeJS.ErrnoException).code ?? error.message;

/**
 * Whether a request that got no byte of an answer may be sent once more: when no connection came about, or when an old one
 * broke, which it may have done before the request. A new one that breaks may have been broken by the request itself.
 */
export const isSafeToRepeat = (error: Error, used: boolean): boolean => {
  const code = codeOf(error);
  return code === 'ECONNREFUSED' || (used && RESETS.has(code));
};

/** The engine's connection broke; `cause` is what the control plane knows about it. */
export const brokenConnection = (id: string, error: Error, responded: boolean, cause: Failure | null): Failure => {
  const when = responded ? 'while it answered' : 'before it answered';
  const message = cause
    ? `${id} stopped ${when}: ${cause.message}`
    : `The connection to ${id} broke ${when} (${codeOf(error)}): try again, and look at the model's log if it happens again.`;
  return failure('UPSTREAM_FAILED', message, { retryAfter: cause?.retryAfter ?? null });
};
