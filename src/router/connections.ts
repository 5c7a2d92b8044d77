import { Client, buildConnector } from 'undici';
import type { Dispatcher } from 'undici';
import type { Upstream } from '../contracts/ipc.ts';

/** The engine closes idle connections after 5 s and announces it; without an announcement this is assumed. */
const KEEP_ALIVE_MS = 4_000;
/** Taken off the announced time, so that a request never meets a connection that is just being closed. */
const KEEP_ALIVE_MARGIN_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;
const CONNECT_RETRY_MS = 5;

/** One connection to an engine, carrying one request at a time. */
export interface Connection {
  /** The set it belongs to and goes back to. */
  readonly home: Connections;
  /** True when the current socket has already answered a request: then a reset may just mean that it had grown old. */
  readonly used: boolean;
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
  /** The request is over and the answer was complete. */
  answered(): void;
}

interface Pooled extends Connection {
  client: Client;
}

type Connector = ReturnType<typeof buildConnector>;

/**
 * A full accept queue on a unix socket shows as EAGAIN at once, where TCP would just wait (the engine's queue holds few).
 * So the connection is tried again within the usual time.
 */
const patientConnector = (upstream: Upstream): Connector => {
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    ...('socketPath' in upstream ? { socketPath: upstream.socketPath } : {}),
  });
  return (options, callback) => {
    const giveUpAt = performance.now() + CONNECT_TIMEOUT_MS;
    const attempt = (): void => {
      connect(options, (...result) => {
        const [error] = result;
        const isFull = error !== null && (error as NodeJS.ErrnoException).code === 'EAGAIN';
        if (isFull && performance.now() < giveUpAt) setTimeout(attempt, CONNECT_RETRY_MS);
        else callback(...result);
      });
    };
    attempt();
  };
};

const originOf = (upstream: Upstream): string => {
  if ('socketPath' in upstream) return 'http://localhost';
  return `http://${upstream.host.includes(':') ? `[${upstream.host}]` : upstream.host}:${upstream.port}`;
};

export const sameUpstream = (a: Upstream, b: Upstream): boolean =>
  'socketPath' in a
    ? 'socketPath' in b && a.socketPath === b.socketPath
    : 'host' in b && a.host === b.host && a.port === b.port;

/**
 * The bounded set of connections to one engine process. It is made of single-connection clients rather than one pool, because
 * only so is it known whether a request went out over a socket that had been used before.
 */
export class Connections {
  readonly upstream: Upstream;
  readonly #limit: number;
  #idle: Pooled[] = [];
  #open = 0;
  #retired = false;

  constructor(upstream: Upstream, limit: number) {
    this.upstream = upstream;
    this.#limit = limit;
  }

  /** A free connection, the most recently used first, or null when all are busy. */
  take(): Connection | null {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#retired || this.#open >= this.#limit) return null;
    this.#open++;
    return this.#create();
  }

  give(connection: Connection): void {
    const pooled = connection as Pooled;
    if (!this.#retired) {
      this.#idle.push(pooled);
      return;
    }
    this.#open--;
    discard(pooled);
  }

  /** The engine is going or gone: idle connections are closed now, busy ones when they come back. */
  retire(): void {
    this.#retired = true;
    this.#open -= this.#idle.length;
    for (const pooled of this.#idle) discard(pooled);
    this.#idle = [];
  }

  #create(): Pooled {
    const client = new Client(originOf(this.upstream), {
      connect: patientConnector(this.upstream),
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
      // A prompt may take many minutes before the first byte; a client that has enough of waiting hangs up.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    let served = 0;
    client.on('connect', () => {
      served = 0;
    });
    return {
      client,
      home: this,
      get used() {
        return served > 0;
      },
      dispatch: (options, handler) => {
        client.dispatch(options, handler);
      },
      answered: () => {
        served++;
      },
    };
  }
}

const discard = ({ client }: Pooled): void => {
  // Nothing runs on it, so there is nothing to fail and nobody to tell.
  client.destroy().catch(() => undefined);
};
