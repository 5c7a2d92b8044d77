import type { IncomingMessage } from 'node:http';
import type { Dialect } from '../dialect.ts';
import type { Failure } from '../failures.ts';

/** Anthropic's words for statuses (docs.anthropic.com, "Errors"). */
const typeOf = (status: number): string => {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 503:
    case 529:
      return 'overloaded_error';
    case 504:
      return 'timeout_error';
    default:
      return status < 500 ? 'invalid_request_error' : 'api_error';
  }
};

const body = ({ status, message, code }: Failure): string =>
  JSON.stringify({ type: 'error', error: { type: typeOf(status), message, code } });

/** Anthropic's shape, with our code beside its type. */
export const anthropicDialect: Dialect = {
  body,
  event: (cause) => `event: error\ndata: ${body(cause)}\n\n`,
};

/** Every client of that API names its version. */
export const isAnthropic = (req: IncomingMessage): boolean => req.headers['anthropic-version'] !== undefined;
