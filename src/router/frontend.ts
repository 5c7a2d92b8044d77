import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RouterSettings } from '../contracts/ipc.ts';
import type { Identity, Keyring } from '../contracts/keys.ts';
import { admit, identify, vouched } from './admission.ts';
import { allowOrigin, answerOptions } from './cors.ts';
import { openaiDialect } from './dialect.ts';
import type { Dialect } from './dialect.ts';
import type { Endpoint, EndpointTable } from './endpoints.ts';
import { failure, invalid } from './failures.ts';
import type { Failure } from './failures.ts';
import { judge } from './guard.ts';
import { sendFailure } from './replies.ts';

/** Time for the request line and headers. */
const HEADERS_TIMEOUT_MS = 30_000;
/** Longer than the 60 s after which most clients and proxies drop idle connections, so that they close first. */
const KEEP_ALIVE_MS = 65_000;

export interface FrontendPorts {
  endpoints: EndpointTable;
  settings(): RouterSettings | null;
  keyring: Keyring;
  /** What to tell new requests when the router is about to end, else null. */
  stopping(): Failure | null;
  lingerMs: number;
  log(level: 'warn' | 'error', message: string): void;
}

/** The HTTP server: guards, CORS, keys, paths and methods; the endpoints do the rest. */
export const createFrontend = (ports: FrontendPorts): { server: Server } => {
  const dialectOf = ({ url = '/' }: IncomingMessage): Dialect => ports.endpoints.dialectOf(pathOf(url));

  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    const settings = ports.settings();
    const stopping = ports.stopping();
    if (!settings || stopping) {
      const cause =
        stopping ?? failure('QUEUE_FULL', 'The server is starting: try again in a moment.', { retryAfter: 1 });
      return sendFailure(res, dialectOf(req), cause, { connection: 'close' });
    }
    const { host, origin } = req.headers;
    const site = req.headers['sec-fetch-site'];
    const identity = identify(req, ports.keyring);
    const verdict = judge(
      { host, origin, site: typeof site === 'string' ? site : undefined, localAddress: req.socket.localAddress },
      settings,
      vouched(req, identity),
    );
    if (verdict.refusal !== null) return sendFailure(res, dialectOf(req), failure('FORBIDDEN', verdict.refusal));
    if (verdict.origin !== null) allowOrigin(res, verdict.origin);
    dispatch(req, res, identity);
  };

  const dispatch = (req: IncomingMessage, res: ServerResponse, identity: Identity): void => {
    const url = req.url ?? '/';
    const path = pathOf(url);
    const match = ports.endpoints.match(path);
    if (!match) {
      const message = `There is no ${JSON.stringify(path.slice(0, 128))} here. What there is: ${ports.endpoints.listed(path)}.`;
      return sendFailure(res, dialectOf(req), failure('NOT_FOUND', message));
    }
    const method = req.method ?? '';
    const endpoint = match.endpoints.find(({ methods }) => methods.some((allowed) => allowed === method));
    if (!endpoint) return answerMethod(req, res, match.endpoints);
    const refusal = admit(req, identity, endpoint.scope === undefined ? 'infer' : endpoint.scope);
    if (refusal) return sendFailure(res, endpoint.dialect, refusal);
    const rest = decode(match.rest);
    if (rest === null) return sendFailure(res, endpoint.dialect, invalid('The path is not valid percent-encoding.'));
    endpoint.handle({ req, res, search: url.slice(path.length), rest });
  };

  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: 0,
      noDelay: true,
      highWaterMark: 64 * 1024,
    },
    (req, res) => {
      // A client that breaks off is no error of ours; the response's close event is what is listened to.
      req.on('error', ignore);
      res.on('error', ignore);
      res.on('finish', () => linger(req, ports.lingerMs));
      try {
        answer(req, res);
      } catch (error) {
        answerFault(res, dialectOf(req), error, ports);
      }
    },
  );
  server.on('connection', writeJoined);
  // Running out of file descriptors, for one: the connections that exist go on.
  server.on('error', (error) => {
    if (server.listening) ports.log('error', `Accepting a connection failed: ${error.message}`);
  });
  return { server };
};

const pathOf = (url: string): string => {
  const mark = url.indexOf('?');
  return mark === -1 ? url : url.slice(0, mark);
};

/** OPTIONS, or a method that none of the path's endpoints takes. */
const answerMethod = (req: IncomingMessage, res: ServerResponse, endpoints: readonly Endpoint[]): void => {
  const methods = [...new Set(endpoints.flatMap((endpoint) => endpoint.methods))];
  if (req.method === 'OPTIONS') return answerOptions(req, res, [...methods, 'OPTIONS']);
  const [first] = endpoints;
  const message = `${req.method ?? ''} is not possible on ${first?.paths[0] ?? 'this path'}: use ${methods.join(' or ')}.`;
  const allow = [...methods, 'OPTIONS'].join(', ');
  const cause = failure('INVALID_PAYLOAD', message, { status: 405, headers: { allow } });
  sendFailure(res, first?.dialect ?? openaiDialect, cause);
};

const ignore = (): void => undefined;

const decode = (text: string): string | null => {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
};

interface Chunk {
  chunk: unknown;
  encoding: BufferEncoding;
}

/**
 * Node ends an answer with an empty write, and two writes leave by `writev`, which for text costs half as much again as a single
 * write of both. So what is all latin1 is joined first.
 */
const writeJoined = (socket: Socket): void => {
  const writev = socket._writev?.bind(socket);
  if (!writev) return;
  socket._writev = (chunks: Chunk[], callback) => {
    let text = '';
    for (const { chunk, encoding } of chunks) {
      if (typeof chunk !== 'string' || encoding !== 'latin1') return writev(chunks, callback);
      text += chunk;
    }
    socket._write(text, 'latin1', callback);
  };
};

/** The answer is out but the request is not in yet: swallow the rest for a while, since closing now could take the answer back. */
const linger = (req: IncomingMessage, lingerMs: number): void => {
  if (req.complete) return;
  const timer = setTimeout(() => req.destroy(), lingerMs);
  req.once('close', () => clearTimeout(timer));
  req.resume();
};

const answerFault = (res: ServerResponse, dialect: Dialect, error: unknown, ports: FrontendPorts): void => {
  const reference = randomUUID();
  ports.log('error', `[${reference}] ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  if (res.headersSent) res.destroy();
  else
    sendFailure(
      res,
      dialect,
      failure('INTERNAL', `The router failed on this request: look in the log for ${reference}.`),
    );
};
