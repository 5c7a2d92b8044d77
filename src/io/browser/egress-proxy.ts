/**
 * The only way out of one browser: a proxy on loopback that resolves names itself, judges every address, and connects to exactly the
 * address that it judged, so that a name which changes its meaning gains nothing. It knows neither pages nor people.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isIP } from 'node:net';
import type { NetworkRules } from './browser.ts';
import { parsePlace, placeOf, whyNotAddresses, whyNotHost } from './egress-rules.ts';
import type { Place } from './egress-rules.ts';

export interface EgressOptions {
  network(): NetworkRules;
  /** Most bytes between two calls of `newPage`. */
  mostBytes(): number;
  refused(what: string, why: string): void;
  /** A place that may be reached was not. */
  failed(what: string, why: string): void;
  /** All addresses of a name. Rejects when there is none. */
  lookup?: (host: string) => Promise<string[]>;
}

export interface EgressProxy {
  port: number;
  username: string;
  password: string;
  /** A page begins: what it may take is counted from here. */
  newPage(): void;
  close(): Promise<void>;
}

const CONNECT_MS = 10_000;
/** A connection on which nothing moves for so long is ended. */
const IDLE_MS = 120_000;
const MOST_CONNECTIONS = 256;
/** A name with more is no name of a site. */
const MOST_ADDRESSES = 16;

/** Headers that belong to one connection (RFC 9110, 7.6.1), and those for a proxy. */
const HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const lookupAll = async (host: string): Promise<string[]> =>
  (await systemLookup(host, { all: true })).map(({ address }) => address);

const within = <T>(ms: number, promise: Promise<T>, what: string): Promise<T> => {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Refused(504, what)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

const dial = (address: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ host: address, port });
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error('no answer in time')));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.setTimeout(IDLE_MS, () => socket.destroy());
      resolve(socket);
    });
  });

/** Pairs of names and values without those of one connection. */
const forwarded = (raw: readonly string[]): string[] => {
  const kept: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name, value] = [raw[at] as string, raw[at + 1] as string];
    if (!HOP.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
};

export const startEgressProxy = async (options: EgressOptions): Promise<EgressProxy> => {
  const resolveName = options.lookup ?? lookupAll;
  const username = 'browser';
  const password = randomBytes(24).toString('base64url');
  const expected = Buffer.from(`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
  const sockets = new Set<Duplex>();
  let taken = 0;
  let cut = false;

  const isOurs = (request: IncomingMessage): boolean => {
    const given = Buffer.from(request.headers['proxy-authorization'] ?? '');
    return given.length === expected.length && timingSafeEqual(given, expected);
  };

  /** Counts what came in; at the limit every connection ends until another page begins. */
  const count = (bytes: number, what: string): void => {
    taken += bytes;
    if (cut || taken <= options.mostBytes()) return;
    cut = true;
    const most = Math.round(options.mostBytes() / 2 ** 20);
    options.refused(
      what,
      `The page took more than ${most} MiB, so the rest of it was not loaded (sessions.downloadMax).`,
    );
    for (const socket of sockets) socket.destroy();
  };

  const keep = (socket: Duplex): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };

  /** Connects to a place if it may be reached. */
  const reach = async (place: Place, what: string): Promise<Socket> => {
    if (cut) throw new Refused(403, 'The page took too much already.');
    const rules = options.network();
    const judge = (why: string | null): void => {
      if (why === null) return;
      options.refused(what, why);
      throw new Refused(403, why);
    };
    judge(whyNotHost(rules, place));
    const addresses = isIP(place.host)
      ? [place.host]
      : await within(
          CONNECT_MS,
          resolveName(place.host),
          `The name ${place.host} could not be resolved in time.`,
        ).catch((error: unknown) => {
          throw error instanceof Refused ? error : new Refused(502, `There is no host ${place.host}.`);
        });
    judge(whyNotAddresses(rules, place, addresses));
    let last: unknown = new Error('it has no address');
    for (const address of addresses.slice(0, MOST_ADDRESSES)) {
      try {
        return await dial(address, place.port);
      } catch (error) {
        last = error;
      }
    }
    throw new Refused(
      502,
      `${place.host}:${place.port} cannot be reached: ${last instanceof Error ? last.message : String(last)}.`,
    );
  };

  const server = http.createServer({ maxHeaderSize: 64 * 1024 });
  server.maxConnections = MOST_CONNECTIONS;
  server.requestTimeout = 0;
  server.on('connection', keep);

  const say = (response: ServerResponse, status: number, text: string): void => {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const headers: http.OutgoingHttpHeaders = { 'content-type': 'text/plain; charset=utf-8', connection: 'close' };
    if (status === 407) headers['proxy-authenticate'] = 'Basic realm="browser"';
    response.writeHead(status, headers).end(text);
  };

  server.on('request', (request, response) => {
    const carry = async (): Promise<void> => {
      if (!isOurs(request)) return say(response, 407, 'This way out belongs to one browser.');
      const url = URL.parse(request.url ?? '');
      if (url === null || url.protocol !== 'http:') throw new Refused(400, 'Only http addresses go this way.');
      const what = url.href;
      const socket = await reach(placeOf(url), what);
      keep(socket);
      if (response.destroyed) {
        socket.destroy();
        return;
      }
      const upstream = http.request({
        createConnection: () => socket,
        method: request.method ?? 'GET',
        path: `${url.pathname}${url.search}`,
        headers: forwarded(request.rawHeaders),
        setHost: false,
      });
      response.on('close', () => upstream.destroy());
      upstream.on('error', (error) => {
        if (response.destroyed) return;
        options.failed(what, `${url.host} broke off: ${error.message}.`);
        say(response, 502, `${url.host} broke off.`);
      });
      upstream.on('response', (answer) => {
        response.writeHead(answer.statusCode ?? 502, forwarded(answer.rawHeaders));
        answer.on('data', (chunk: Buffer) => count(chunk.length, what));
        answer.on('error', () => response.destroy());
        answer.pipe(response);
      });
      request.pipe(upstream);
    };
    carry().catch((error: unknown) => {
      if (error instanceof Refused && error.status !== 403) options.failed(request.url ?? '', error.message);
      // The page gets no reason: it could learn from it what lies in the local network.
      say(response, error instanceof Refused ? error.status : 502, 'This address was not reached.');
    });
  });

  server.on('connect', (request, client, head) => {
    const answer = (status: number, extra = ''): void => {
      client.end(
        `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\n${extra}Content-Length: 0\r\nConnection: close\r\n\r\n`,
      );
    };
    const tunnel = async (): Promise<void> => {
      if (!isOurs(request)) return answer(407, 'Proxy-Authenticate: Basic realm="browser"\r\n');
      const what = request.url ?? '';
      const place = parsePlace(what, 443);
      if (place === null) throw new Refused(400, `${what} is no place.`);
      const socket = await reach(place, what);
      keep(socket);
      if (client.destroyed) {
        socket.destroy();
        return;
      }
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      if (head.length > 0) socket.write(head);
      socket.on('data', (chunk) => count(chunk.length, what));
      socket.pipe(client);
      client.pipe(socket);
      client.on('close', () => socket.destroy());
      socket.on('close', () => client.destroy());
    };
    tunnel().catch((error: unknown) => {
      if (error instanceof Refused && error.status !== 403) options.failed(request.url ?? '', error.message);
      answer(error instanceof Refused ? error.status : 502);
    });
  });
  server.on('clientError', (_error, socket) => socket.destroy());

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    username,
    password,
    newPage: () => {
      taken = 0;
      cut = false;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};
