import type { Route } from '../contracts/ipc.ts';
import { Connections, sameUpstream } from './connections.ts';
import type { Connection } from './connections.ts';
import { failure, ofRoute } from './failures.ts';
import type { Failure } from './failures.ts';

/** A request as its lane sees it. */
export interface Ticket {
  /** It is this request's turn: the model is loaded and a connection is free. */
  serve(connection: Connection): void;
  /** It will not be served. Called while it waits, or at once from `enter`. */
  refuse(cause: Failure): void;
  /** Its answer is ended now; the connection comes back through `release`. */
  cut(cause: Failure): void;
}

export interface LaneSettings {
  queueLimit: number;
  queueTimeoutMs: number;
  connections: number;
}

interface LanePorts {
  settings(): LaneSettings;
  need(modelId: string): void;
  unneed(modelId: string): void;
}

/** Seconds after which a client that met a full queue may try again. */
const FULL_RETRY_S = 5;

/**
 * One model's requests: those that wait, first come first served, and those being answered. A request waits for the model to be
 * loaded and for a free connection in the same queue, so that both waits have one order, one bound and one deadline.
 */
export class Lane {
  readonly #ports: LanePorts;
  #route: Route;
  #connections: Connections | null = null;
  readonly #waiting = new Map<Ticket, NodeJS.Timeout>();
  readonly #active = new Set<Ticket>();
  #asked = false;
  #watchers: (() => void)[] = [];

  constructor(route: Route, ports: LanePorts) {
    this.#route = route;
    this.#ports = ports;
    this.#connect();
  }

  get route(): Route {
    return this.#route;
  }

  get isServing(): boolean {
    return this.#connections !== null;
  }

  enter(ticket: Ticket): void {
    if (!this.isServing && this.#route.failure) return ticket.refuse(ofRoute(this.#route.failure));
    const connection = this.#waiting.size === 0 ? (this.#connections?.take() ?? null) : null;
    if (connection) return this.#serve(ticket, connection);
    const { queueLimit, queueTimeoutMs } = this.#ports.settings();
    if (this.#waiting.size >= queueLimit) {
      const message = `${this.#waiting.size} requests already wait for ${this.#route.id}, which is the limit: wait until the queue is shorter and try again.`;
      return ticket.refuse(failure('QUEUE_FULL', message, { retryAfter: FULL_RETRY_S }));
    }
    this.#waiting.set(
      ticket,
      setTimeout(() => this.#expire(ticket, queueTimeoutMs), queueTimeoutMs),
    );
    this.#ask();
  }

  /** 1 for the next to be served; 0 when the ticket does not wait. */
  position(ticket: Ticket): number {
    let position = 0;
    for (const other of this.#waiting.keys()) {
      position++;
      if (other === ticket) return position;
    }
    return 0;
  }

  /** Who waits, the next to be served first. */
  get waiting(): Iterable<Ticket> {
    return this.#waiting.keys();
  }

  /** The client of a waiting request has left. */
  leave(ticket: Ticket): void {
    if (!this.#forget(ticket) || this.#waiting.size > 0 || !this.#asked) return;
    this.#asked = false;
    this.#ports.unneed(this.#route.id);
  }

  /** The answer is over and its connection free again. */
  release(ticket: Ticket, connection: Connection): void {
    this.#active.delete(ticket);
    connection.home.give(connection);
    this.#pump();
  }

  /** True while that connection still leads to the process that serves the model now. */
  leadsTo(connection: Connection): boolean {
    return connection.home === this.#connections;
  }

  update(route: Route): void {
    const before = this.#route;
    this.#route = route;
    this.#connect();
    if (this.isServing) {
      this.#asked = false;
      this.#pump();
    } else if (route.failure) {
      this.refuse(ofRoute(route.failure));
    } else if (route.state !== before.state && (route.state === 'unloaded' || route.state === 'error')) {
      // It was on its way and is not any more, while somebody still waits.
      this.#asked = false;
      this.#ask();
    }
    this.#notify();
  }

  /** The load cannot happen: everybody who waits is told why. */
  refuse(cause: Failure): void {
    this.#asked = false;
    for (const ticket of [...this.#waiting.keys()]) if (this.#forget(ticket)) ticket.refuse(cause);
  }

  /** The model is being stopped: ends every answer, and takes no request for it until the route says so again. Returns how many were cut. */
  detach(cause: Failure): number {
    this.#route = { ...this.#route, state: 'stopping', upstream: null, progress: null };
    this.#connect();
    const active = [...this.#active];
    for (const ticket of active) ticket.cut(cause);
    return active.length;
  }

  /** The model is gone from the table. */
  close(cause: Failure): void {
    this.refuse(cause);
    this.#connections?.retire();
    this.#connections = null;
    this.#notify();
  }

  /** Why the model stopped, as soon as the control plane says it, or null when it does not say so in time. */
  cause(withinMs: number, tell: (cause: Failure | null) => void): void {
    const known = (): Failure | null => (this.#route.failure && !this.isServing ? ofRoute(this.#route.failure) : null);
    const now = known();
    if (now) return tell(now);
    const finish = (): void => {
      clearTimeout(timer);
      this.#watchers = this.#watchers.filter((watcher) => watcher !== look);
      tell(known());
    };
    const look = (): void => {
      if (known()) finish();
    };
    const timer = setTimeout(finish, withinMs);
    this.#watchers.push(look);
  }

  #connect(): void {
    const { state, upstream } = this.#route;
    const target = state === 'loaded' ? upstream : null;
    if (this.#connections && target && sameUpstream(this.#connections.upstream, target)) return;
    this.#connections?.retire();
    this.#connections = target ? new Connections(target, this.#ports.settings().connections) : null;
  }

  #ask(): void {
    if (this.#asked || this.isServing || this.#waiting.size === 0) return;
    this.#asked = true;
    this.#ports.need(this.#route.id);
  }

  #pump(): void {
    for (const ticket of this.#waiting.keys()) {
      const connection = this.#connections?.take();
      if (!connection) return;
      this.#forget(ticket);
      this.#serve(ticket, connection);
    }
  }

  #serve(ticket: Ticket, connection: Connection): void {
    this.#active.add(ticket);
    ticket.serve(connection);
  }

  #expire(ticket: Ticket, waitedMs: number): void {
    this.leave(ticket);
    const { id, state, progress } = this.#route;
    const what = this.isServing
      ? 'all its connections are busy'
      : `it is ${state}${progress === null ? '' : `, ${Math.round(progress)} %`}`;
    ticket.refuse(
      failure(
        'TIMEOUT',
        `${id} could not take the request within ${Math.round(waitedMs / 1000)} s: ${what}. Look at its state, or try again.`,
      ),
    );
  }

  #forget(ticket: Ticket): boolean {
    clearTimeout(this.#waiting.get(ticket));
    return this.#waiting.delete(ticket);
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
