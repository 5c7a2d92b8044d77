import type { Route } from '../contracts/ipc.ts';
import type { CheckedKey } from '../contracts/keys.ts';
import { Connections, sameUpstream } from './connections.ts';
import type { Connection } from './connections.ts';
import { failure, ofRoute } from './failures.ts';
import type { Failure } from './failures.ts';
import { Line } from './line.ts';
import type { Quotas } from './quotas.ts';
import { Roster } from './roster.ts';

/** A request as its lane sees it. */
export interface Ticket {
  /** What it came with; null is no key. */
  readonly key: CheckedKey | null;
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
  /** The limits of keys, which hold over all lanes. */
  quotas: Quotas;
  /** A key that had reached its limit has room again: lanes where it waits may go on. */
  freed(keyId: string): void;
  need(modelId: string): void;
  unneed(modelId: string): void;
  /** From now on nothing is handed to the model, or again. */
  held(modelId: string, held: boolean): void;
}

/** Seconds after which a client that met a full queue may try again. */
const FULL_RETRY_S = 5;

/**
 * One model's requests: those that wait, in their order and the keys in turn, and those being answered. A request waits for the model to be
 * loaded, for a free connection and for its key's turn in the same line, so that all waits have one order, one bound and one
 * deadline.
 */
export class Lane {
  readonly #ports: LanePorts;
  #route: Route;
  #connections: Connections | null = null;
  readonly #waiting = new Line<Ticket>();
  readonly #deadlines = new Map<Ticket, NodeJS.Timeout>();
  readonly #active = new Roster<Ticket>();
  #asked = false;
  #watchers: (() => void)[] = [];
  /** Somebody wants to exchange the process as soon as nobody is being served. */
  #hold: { token: number; granted: boolean; grant(): void } | null = null;

  constructor(route: Route, ports: LanePorts) {
    this.#route = route;
    this.#ports = ports;
    this.#connect();
    if (route.held) ports.held(route.id, true);
  }

  get route(): Route {
    return this.#route;
  }

  get isServing(): boolean {
    return this.#connections !== null;
  }

  /** Somebody is being answered, or waits. */
  get isBusy(): boolean {
    return this.#active.size > 0 || this.#waiting.size > 0;
  }

  enter(ticket: Ticket): void {
    if (!this.isServing && this.#route.failure) return ticket.refuse(ofRoute(this.#route.failure));
    const free = this.#waiting.size === 0 && this.#hasRoom() && this.#ports.quotas.hasRoom(ticket.key);
    const connection = free ? (this.#connections?.take() ?? null) : null;
    if (connection) return this.#serve(ticket, connection);
    const { queueLimit, queueTimeoutMs } = this.#ports.settings();
    const like = this.#waiting.countLike(ticket);
    if (like >= queueLimit) {
      const message = `${like} requests already wait for ${this.#route.id}, which is the limit: wait until the queue is shorter and try again.`;
      return ticket.refuse(failure('QUEUE_FULL', message, { retryAfter: FULL_RETRY_S }));
    }
    this.#waiting.add(ticket);
    this.#deadlines.set(
      ticket,
      setTimeout(() => this.#expire(ticket, queueTimeoutMs), queueTimeoutMs),
    );
    this.#ask();
    // Those before it may all wait for their own key's limit.
    this.#pump();
  }

  /** 1 for the next to be served; 0 when the ticket does not wait. */
  position(ticket: Ticket): number {
    return this.#waiting.position(ticket);
  }

  /** Who waits, the next to be served first. */
  get waiting(): Iterable<Ticket> {
    return this.#waiting.all();
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
    if (ticket.key !== null && this.#ports.quotas.give(ticket.key)) this.#ports.freed(ticket.key.id);
    this.#grantIfIdle();
    this.#pump();
  }

  /** Calls `grant` once no request is being answered; from then on requests wait until the model has another process. */
  hold(token: number, grant: () => void): void {
    this.#hold = { token, granted: false, grant };
    this.#grantIfIdle();
  }

  unhold(token: number): void {
    if (this.#hold?.token !== token) return;
    this.#hold = null;
    this.#pump();
  }

  /** True while that connection still leads to the process that serves the model now. */
  leadsTo(connection: Connection): boolean {
    return connection.home === this.#connections;
  }

  update(route: Route): void {
    const before = this.#route;
    const connections = this.#connections;
    this.#route = route;
    this.#connect();
    if (this.#connections !== connections) this.#endHold();
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
    if (route.held !== before.held) this.#ports.held(route.id, route.held);
    this.#notify();
  }

  /** The load cannot happen: everybody who waits is told why. */
  refuse(cause: Failure): void {
    this.#asked = false;
    for (const ticket of this.#waiting.all()) if (this.#forget(ticket)) ticket.refuse(cause);
  }

  /** Refuses those who wait with a key that has ended. */
  expel(ended: (key: CheckedKey) => boolean, cause: Failure): void {
    for (const ticket of this.#waiting.all()) {
      if (ticket.key === null || !ended(ticket.key)) continue;
      this.leave(ticket);
      ticket.refuse(cause);
    }
  }

  /** When the first one with that key arrived, compared with those of other lanes; null when none waits. */
  firstArrival(keyId: string): number | null {
    return this.#waiting.firstArrival(keyId);
  }

  /** Serves who can be served now, and asks for the model if somebody who may go on has none. */
  goOn(): void {
    this.#ask();
    this.#pump();
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
    this.#endHold();
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
    this.#connections = target
      ? new Connections(target, Math.min(this.#ports.settings().connections, target.connections ?? Infinity))
      : null;
  }

  get #isHeld(): boolean {
    return this.#route.held || this.#hold?.granted === true;
  }

  #grantIfIdle(): void {
    if (this.#hold === null || this.#hold.granted || this.#active.size > 0) return;
    this.#hold.granted = true;
    this.#hold.grant();
  }

  /** The process that was to be exchanged is gone. */
  #endHold(): void {
    const hold = this.#hold;
    this.#hold = null;
    if (hold?.granted === false) hold.grant();
  }

  /** Nothing is loaded for those whose key has its requests running elsewhere. */
  #ask(): void {
    if (this.#asked || this.isServing || this.#nextTicket() === null) return;
    this.#asked = true;
    this.#ports.need(this.#route.id);
  }

  #nextTicket(): Ticket | null {
    return this.#waiting.next(({ key }) => this.#ports.quotas.hasRoom(key));
  }

  #pump(): void {
    while (this.#waiting.size > 0 && this.#hasRoom()) {
      const ticket = this.#nextTicket();
      const connection = ticket && this.#connections?.take();
      if (!ticket || !connection) return;
      this.#waiting.take(ticket);
      this.#forget(ticket);
      this.#serve(ticket, connection);
    }
  }

  /** Whether the model may answer one more. */
  #hasRoom(): boolean {
    return !this.#isHeld && this.#active.size < (this.#route.concurrency ?? Infinity);
  }

  #serve(ticket: Ticket, connection: Connection): void {
    this.#active.add(ticket);
    this.#ports.quotas.take(ticket.key);
    ticket.serve(connection);
  }

  #expire(ticket: Ticket, waitedMs: number): void {
    this.leave(ticket);
    const { id, state, progress } = this.#route;
    const { key } = ticket;
    const what = this.#route.held
      ? 'it makes room for another model'
      : this.isServing
        ? key !== null && !this.#ports.quotas.hasRoom(key)
          ? `the key ${JSON.stringify(key.name)} has its ${key.concurrency ?? 0} requests running`
          : 'all its connections are busy'
        : `it is ${state}${progress === null ? '' : `, ${Math.round(progress)} %`}`;
    ticket.refuse(
      failure(
        'TIMEOUT',
        `${id} could not take the request within ${Math.round(waitedMs / 1000)} s: ${what}. Look at its state, or try again.`,
      ),
    );
  }

  #forget(ticket: Ticket): boolean {
    clearTimeout(this.#deadlines.get(ticket));
    this.#waiting.delete(ticket);
    return this.#deadlines.delete(ticket);
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
