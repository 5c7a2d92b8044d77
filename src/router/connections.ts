import type { Upstream } from '../contracts/ipc.ts';
import { EngineConnection } from './engine-connection.ts';

/** How often idle connections are looked through for those that the engine is about to close. */
const SWEEP_MS = 500;

/** One connection of a set. */
export class Connection extends EngineConnection {
  /** The set it belongs to and goes back to. */
  readonly home: Connections;

  constructor(home: Connections) {
    super(home.upstream);
    this.home = home;
  }

  /** True when the current socket has already answered a request: then a reset may just mean that it had grown old. */
  get used(): boolean {
    return this.served > 0;
  }
}

export const sameUpstream = (a: Upstream, b: Upstream): boolean =>
  'socketPath' in a
    ? 'socketPath' in b && a.socketPath === b.socketPath
    : 'host' in b && a.host === b.host && a.port === b.port;

/** The bounded set of connections to one engine process. */
export class Connections {
  readonly upstream: Upstream;
  readonly #limit: number;
  #idle: Connection[] = [];
  #open = 0;
  #retired = false;
  #sweeper: NodeJS.Timeout | null = null;

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
    return new Connection(this);
  }

  give(connection: Connection): void {
    if (this.#retired) {
      this.#open--;
      connection.destroy();
      return;
    }
    this.#idle.push(connection);
    this.#sweeper ??= setTimeout(this.#sweep, SWEEP_MS).unref();
  }

  /** The engine is going or gone: idle connections are closed now, busy ones when they come back. */
  retire(): void {
    this.#retired = true;
    if (this.#sweeper) clearTimeout(this.#sweeper);
    this.#sweeper = null;
    this.#open -= this.#idle.length;
    for (const connection of this.#idle) connection.destroy();
    this.#idle = [];
  }

  /** The least recently used come first in the list, and only they can be old. */
  readonly #sweep = (): void => {
    const now = performance.now();
    const fresh = this.#idle.findIndex((connection) => !connection.isStale(now));
    const old = this.#idle.splice(0, fresh === -1 ? this.#idle.length : fresh);
    this.#open -= old.length;
    for (const connection of old) connection.destroy();
    this.#sweeper = this.#idle.length === 0 ? null : setTimeout(this.#sweep, SWEEP_MS).unref();
  };
}
