/** The largest status line with headers that is read. */
export const MOST_HEAD_BYTES = 64 * 1024;

/** An engine's answer that is no HTTP; nothing after it on that connection can be trusted. */
export class BadResponse extends Error {
  readonly code = 'BAD_RESPONSE';
}

export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** How the body ends (RFC 9112, 6.3): after so many bytes, by its last chunk, or with the connection. */
export type BodyLength = number | 'chunked' | 'close';

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; the values of a repeated name as a list. */
  readonly headers: ResponseHeaders;
  readonly body: BodyLength;
  /** The connection may carry another request. */
  readonly keepAlive: boolean;
  /** For how long it stays open without one, as announced, or null. Milliseconds. */
  readonly idleMs: number | null;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NOT_IN_A_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const LENGTH = /^\d{1,15}$/;
const IDLE_SECONDS = /(?:^|[,;\s])timeout=(\d{1,6})/i;

/**
 * It is stricter than it would have to be: whatever two readers could understand differently (folded lines, two lengths, a length
 * beside chunks) is refused.
 */
const parseHead = (text: string): ResponseHead => {
  const lines = text.split('\r\n');
  const match = STATUS_LINE.exec(lines[0] ?? '');
  if (!match) throw new BadResponse('the status line is no HTTP');
  const status = Number(match[2]);
  const headers: Record<string, string | string[]> = {};
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const colon = line.indexOf(':');
    const name = line.slice(0, colon === -1 ? 0 : colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (!NAME.test(name) || NOT_IN_A_VALUE.test(value)) throw new BadResponse('a header is malformed');
    // `constructor` and the like: no header of anybody, and an ordinary object is twice as fast as one without a prototype.
    if (name in Object.prototype) continue;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (typeof before === 'string') headers[name] = [before, value];
    else before.push(value);
  }
  const connection = String(headers['connection'] ?? '').toLowerCase();
  const body = bodyLength(status, headers);
  const idle = IDLE_SECONDS.exec(String(headers['keep-alive'] ?? ''))?.[1];
  return {
    status,
    headers,
    body,
    keepAlive:
      body !== 'close' && (match[1] === '1' ? !connection.includes('close') : connection.includes('keep-alive')),
    idleMs: idle === undefined ? null : Number(idle) * 1000,
  };
};

const bodyLength = (status: number, headers: ResponseHeaders): BodyLength => {
  const length = headers['content-length'];
  const coding = headers['transfer-encoding'];
  if (length !== undefined && coding !== undefined) throw new BadResponse('it has a length and chunks');
  if (status < 200 || status === 204 || status === 304) return 0;
  if (coding !== undefined) {
    if (typeof coding !== 'string' || coding.toLowerCase() !== 'chunked')
      throw new BadResponse('its transfer coding is unknown');
    return 'chunked';
  }
  if (length === undefined) return 'close';
  if (typeof length !== 'string' || !LENGTH.test(length)) throw new BadResponse('its length is no number');
  return Number(length);
};

let lastText = '';
let lastHead: ResponseHead | null = null;

/**
 * Reads a status line and headers, without the empty line behind them, in latin1. The heads of an engine's streams are all the
 * same, so the last one is kept. Throws BadResponse.
 */
export const readHead = (text: string): ResponseHead => {
  if (lastHead === null || text !== lastText) {
    lastHead = parseHead(text);
    lastText = text;
  }
  return lastHead;
};
