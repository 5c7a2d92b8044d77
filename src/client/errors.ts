import { CodedError, isErrorCode } from '../contracts/errors.ts';
import type { EnvelopeError } from '../contracts/events.ts';

/** Nothing that speaks Llamactor's protocol answers at `url`. The code is UPSTREAM_FAILED; the class tells it from a refusal. */
export class ServerUnreachableError extends CodedError {
  readonly url: string;

  constructor(url: string, cause: string) {
    super(
      'UPSTREAM_FAILED',
      `No Llamactor server answers at ${url} (${cause}); start it with \`npm start\` or \`llamactor serve\`, or name another one with --url.`,
      { details: { url, cause } },
    );
    this.url = url;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The envelope dialect fixes the words "Model not found"; which model, and which ones come close, lie in the details. */
const messageOf = (error: EnvelopeError): string => {
  const { modelName, nearest } = error.details ?? {};
  if (error.reason !== 'NOT_FOUND' || typeof modelName !== 'string') return error.message;
  const names = Array.isArray(nearest) ? nearest.filter((name) => typeof name === 'string') : [];
  return `There is no model "${modelName}"${names.length === 0 ? '' : `; nearest: ${names.join(', ')}`}.`;
};

/** The error of an envelope reply as a CodedError: `reason` becomes the code; an unknown reason becomes INTERNAL. */
export const fromEnvelopeError = (event: string, error: EnvelopeError | null): CodedError => {
  if (error === null)
    return new CodedError('INTERNAL', `The server refused ${event} without saying why; look in its log.`);
  const code = isErrorCode(error.reason) ? error.reason : 'INTERNAL';
  const retryAfter = typeof error.retryAfter === 'number' ? { retryAfter: error.retryAfter } : {};
  return new CodedError(code, messageOf(error), {
    ...retryAfter,
    ...(error.details === undefined ? {} : { details: error.details }),
  });
};

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const TRANSPORT_CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'unknown host',
  EAI_AGAIN: 'the host name cannot be looked up now',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ECONNRESET: 'connection reset',
  ETIMEDOUT: 'timed out',
};

/**
 * Turns socket.io's `connect_error` into words. A refusal by the server's own middleware carries `data`; a failed upgrade carries
 * the HTTP status only inside the text of the websocket's error event.
 */
export const fromConnectError = (url: string, error: unknown): CodedError => {
  const fields = isRecord(error) ? error : {};
  if (isRecord(fields['data']) && isErrorCode(fields['data']['code'])) {
    return new CodedError(fields['data']['code'], textOf(fields['message']) ?? 'The server refused the connection.');
  }
  const description = isRecord(fields['description']) ? fields['description'] : {};
  const nested = isRecord(description['error']) ? description['error'] : {};
  const text = textOf(description['message']) ?? textOf(fields['message']) ?? 'no answer';
  const status = /unexpected server response: (\d{3})/i.exec(text)?.[1];
  if (status === '401') return new CodedError('UNAUTHORIZED', `The server at ${url} wants a valid key.`);
  if (status === '403') {
    return new CodedError(
      'FORBIDDEN',
      `The server at ${url} refuses this host name; add it to allowedHosts there, or use its own address.`,
    );
  }
  if (status !== undefined) return new ServerUnreachableError(url, `something else answers there with HTTP ${status}`);
  return new ServerUnreachableError(url, TRANSPORT_CAUSES[textOf(nested['code']) ?? ''] ?? text);
};
