/** Coded errors as HTTP answers. */
import { ERRORS, httpStatus } from '../contracts/errors.ts';
import type { CodedError, ErrorCode } from '../contracts/errors.ts';

export interface HttpErrorView {
  code: ErrorCode;
  message: string;
  advice: string;
  retryAfter?: number;
  details?: Record<string, unknown>;
}

export const httpError = (error: CodedError): HttpErrorView => ({
  code: error.code,
  message: error.message,
  advice: ERRORS[error.code].advice,
  ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
  ...(error.details === undefined ? {} : { details: { ...error.details } }),
});

/** `{success: false, data: null, error, timestamp}`: the shape of every refusal under `/api`. */
export const failureBody = (error: CodedError) => ({
  success: false as const,
  data: null,
  error: httpError(error),
  timestamp: Date.now(),
});

export const statusOf = (error: CodedError): ReturnType<typeof httpStatus> => httpStatus(error.code, error.retryAfter);

/** `Retry-After` counts whole seconds; a 401 has to say what would be accepted (RFC 9110, section 11.6.1). */
export const refusalHeaders = (error: CodedError): Record<string, string> =>
  error.code === 'UNAUTHORIZED'
    ? { 'WWW-Authenticate': 'Bearer' }
    : error.retryAfter === undefined
      ? {}
      : { 'Retry-After': String(Math.max(1, Math.ceil(error.retryAfter))) };
