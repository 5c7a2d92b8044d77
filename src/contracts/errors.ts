/**
 * The one table of error codes. Every refusal that leaves the server, over any transport, carries one of these codes,
 * its HTTP status, and a sentence that says what to do.
 */
export const ERRORS = {
  INVALID_PAYLOAD: { status: 400, advice: 'Check the fields of the request and send it again.' },
  TOO_LARGE: { status: 413, advice: 'Send a smaller file, or raise the limit in the configuration.' },
  NOT_FOUND: { status: 404, advice: 'List what exists and use one of those names.' },
  INVALID_STATE: { status: 409, advice: 'Look at the current state and try again when it allows this.' },
  UNAUTHORIZED: { status: 401, advice: 'Send a valid key or token.' },
  FORBIDDEN: { status: 403, advice: 'Use a key that may do this, or ask the owner of the server.' },
  RATE_LIMITED: { status: 429, advice: 'Wait and try again.' },
  QUEUE_FULL: { status: 503, advice: 'Wait until the queue is shorter and try again.' },
  TIMEOUT: { status: 504, advice: 'The operation goes on; look at its state, or try again.' },
  DOES_NOT_FIT: { status: 507, advice: 'Unload another model, choose a smaller context or a smaller model.' },
  ENGINE_MISSING: {
    status: 503,
    advice: 'Run `llamactor engine install`, or point to one with `llamactor engine use PATH`.',
  },
  UPSTREAM_FAILED: { status: 502, advice: 'Read the cause, mend it, and load the model again.' },
  INTERNAL: { status: 500, advice: 'Look in the log for the reference.' },
} as const;

export type ErrorCode = keyof typeof ERRORS;

export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(ERRORS, value);

/** A refusal that a person or program can act on. `message` is one sentence; it is safe to show to a client. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: ErrorCode;
  /** Seconds after which a retry makes sense; becomes the `Retry-After` header over HTTP. */
  readonly retryAfter: number | undefined;
  /** Further machine-readable facts, for example the arithmetic of DOES_NOT_FIT. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    extra: { retryAfter?: number; details?: Record<string, unknown> } = {},
  ) {
    super(message);
    this.code = code;
    this.retryAfter = extra.retryAfter;
    this.details = extra.details;
  }
}

/** The HTTP status of a refusal: its code's, except that a failed model which is tried again by itself is unavailable, not broken. */
export const httpStatus = (
  code: ErrorCode,
  retryAfter: number | null | undefined,
): (typeof ERRORS)[ErrorCode]['status'] =>
  code === 'UPSTREAM_FAILED' && retryAfter != null ? 503 : ERRORS[code].status;
