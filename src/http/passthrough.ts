/**
 * `/v1/*` on the control plane's port: the same origin as the dashboard, so that its chat needs no second server name.
 * Bytes go straight between the two node sockets, in order, with backpressure and without being read.
 */
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { CodedError } from '../contracts/errors.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import { refusalHeaders, statusOf } from './errors.ts';

/** Silence after which the router is taken for dead. It bounds its own waits by less than this. */
const SILENCE_MS = 3_600_000;

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers named by `Connection` are for this hop only, too. */
const namedByConnection = (headers: IncomingHttpHeaders): ReadonlySet<string> =>
  new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));

/** The request was let in under this server's own Host and Origin; the router would measure both against its own. */
const ONLY_HERE = new Set(['host', 'origin', 'referer']);

const forwardedHeaders = (message: IncomingMessage, drop: ReadonlySet<string>): string[] => {
  const named = namedByConnection(message.headers);
  const kept: string[] = [];
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    const name = message.rawHeaders[index] ?? '';
    const key = name.toLowerCase();
    if (HOP_BY_HOP.has(key) || named.has(key) || drop.has(key)) continue;
    kept.push(name, message.rawHeaders[index + 1] ?? '');
  }
  return kept;
};

const refuse = (response: ServerResponse, error: CodedError): void => {
  const body: { error: { message: string; type: string; code: ErrorCode } } = {
    error: { message: error.message, type: 'server_error', code: error.code },
  };
  const text = JSON.stringify(body);
  response.writeHead(statusOf(error), {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    ...refusalHeaders(error),
  });
  response.end(text);
};

const CREDENTIALS = ['authorization', 'x-api-key'];

/**
 * Answers one `/v1` request through the router at `routerUrl`; null while there is none. `key` is sent in place of what the client
 * showed; null leaves that as it is.
 */
export const passThrough = (
  request: IncomingMessage,
  response: ServerResponse,
  routerUrl: string | null,
  key: string | null,
): void => {
  if (routerUrl === null) {
    request.resume();
    refuse(
      response,
      new CodedError('UPSTREAM_FAILED', 'The router is not running; start it and try again.', { retryAfter: 2 }),
    );
    return;
  }
  const { hostname, port, host } = new URL(routerUrl);
  const bodyHeaders = request.headers['transfer-encoding'] === undefined ? [] : ['Transfer-Encoding', 'chunked'];
  const upstream = httpRequest({
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    method: request.method,
    path: request.url,
    headers: [
      ...forwardedHeaders(request, key === null ? ONLY_HERE : new Set([...ONLY_HERE, ...CREDENTIALS])),
      ...(key === null ? [] : ['Authorization', `Bearer ${key}`]),
      ...['Host', host, 'Connection', 'close'],
      ...bodyHeaders,
    ],
    // A fresh connection each: on one machine it costs nothing, and a reused one can be closed under the request.
    agent: false,
    timeout: SILENCE_MS,
  });

  upstream.on('timeout', () => upstream.destroy(new Error('silent')));
  upstream.on('error', () => {
    request.unpipe(upstream);
    request.resume();
    if (response.headersSent || response.destroyed) response.destroy();
    else
      refuse(
        response,
        new CodedError('UPSTREAM_FAILED', 'The router did not answer; look at its state and try again.', {
          retryAfter: 2,
        }),
      );
  });
  upstream.on('response', (answer) => {
    // Ours are set already; the router's headers for its own browsers would contradict them.
    const drop = new Set(response.getHeaderNames().map((name) => name.toLowerCase()));
    response.writeHead(answer.statusCode ?? 502, forwardedHeaders(answer, drop));
    // A stream's first token may be minutes away; its headers must not wait for it.
    response.flushHeaders();
    pipeline(answer, response, () => undefined);
  });
  // The client left: the generation must end too.
  response.on('close', () => {
    if (!response.writableFinished) upstream.destroy();
  });
  request.pipe(upstream);
};
