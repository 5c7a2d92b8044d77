import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

/** Headers that belong to one connection, not to the message (RFC 9110 section 7.6.1, and the older ones still in use). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/**
 * Not for the engine: the length is set anew, a compressed answer could not be read for its usage, cookies belong to the
 * dashboard, and origins and keys are judged here alone.
 */
const REQUEST_ONLY = new Set([
  'host',
  'content-length',
  'expect',
  'accept-encoding',
  'cookie',
  'origin',
  'referer',
  'authorization',
  'x-api-key',
]);

const namedByConnection = (value: string | string[] | undefined): Set<string> | null => {
  if (value === undefined) return null;
  const names = String(value)
    .split(',')
    .map((name) => name.trim().toLowerCase());
  return names.every((name) => HOP_BY_HOP.has(name) || name === 'close' || name === '') ? null : new Set(names);
};

/**
 * The client's headers as a flat list for the engine, with the length to declare, if it is known. `raw` leaves it to client and
 * engine how an answer is compressed.
 */
export const requestHeaders = (req: IncomingMessage, length: number | null, raw = false): string[] => {
  const pairs = req.rawHeaders;
  const named = namedByConnection(req.headers.connection);
  const headers: string[] = [];
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const name = pairs[i] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || named?.has(lower)) continue;
    if (REQUEST_ONLY.has(lower) && !(raw && lower === 'accept-encoding')) continue;
    headers.push(name, pairs[i + 1] ?? '');
  }
  if (length !== null) headers.push('content-length', String(length));
  return headers;
};

/** The engine's headers for the client. `X-Accel-Buffering` keeps reverse proxies from holding tokens back. */
export const responseHeaders = (upstream: Record<string, string | string[] | undefined>): OutgoingHttpHeaders => {
  const named = namedByConnection(upstream['connection']);
  const headers: OutgoingHttpHeaders = {};
  for (const name in upstream) {
    const value = upstream[name];
    if (value === undefined || HOP_BY_HOP.has(name) || named?.has(name)) continue;
    // Which origins may read an answer is decided by the router, not by the engine behind it.
    if (name.startsWith('access-control-')) continue;
    headers[name] = value;
  }
  headers['x-accel-buffering'] = 'no';
  return headers;
};

export const isEventStream = (contentType: unknown): boolean =>
  typeof contentType === 'string' && contentType.toLowerCase().startsWith('text/event-stream');
