import type { Route } from '../contracts/ipc.ts';
import { failure } from './failures.ts';
import type { Failure } from './failures.ts';
import type { CheckedKey } from '../contracts/keys.ts';
import { Lane } from './lane.ts';
import type { Ticket } from './lane.ts';
import { RouteTable } from './route-table.ts';

/** `before` is missing for a new model, `after` for one that is gone. */
export type RouteWatcher = (before: Route | undefined, after: Route | undefined) => void;

type LanePorts = Omit<ConstructorParameters<typeof Lane>[1], 'freed'>;

/** Every model with its lane. */
export class Lanes {
  readonly table = new RouteTable();
  readonly #lanes = new Map<string, Lane>();
  readonly #ports: LanePorts;
  readonly #watchers = new Set<RouteWatcher>();

  constructor(ports: LanePorts) {
    this.#ports = ports;
  }

  find(name: string): Lane | undefined {
    const id = this.table.resolve(name);
    return id === undefined ? undefined : this.#lanes.get(id);
  }

  byId(id: string): Lane | undefined {
    return this.#lanes.get(id);
  }

  all(): Lane[] {
    return [...this.#lanes.values()];
  }

  /** The models that can answer now. */
  loaded(): Lane[] {
    return [...this.#lanes.values()].filter((lane) => lane.isServing);
  }

  /** The place of everybody who waits, from 1. */
  positions(): Map<Ticket, number> {
    const positions = new Map<Ticket, number>();
    for (const lane of this.#lanes.values()) {
      let position = 0;
      for (const ticket of lane.waiting) positions.set(ticket, ++position);
    }
    return positions;
  }

  /** Calls back for every change of the table, after it; returns what ends that. */
  watch(watcher: RouteWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  change(changed: Route[], removed: string[]): void {
    for (const id of removed) {
      const before = this.table.get(id);
      const lane = this.#lanes.get(id);
      this.#lanes.delete(id);
      this.table.delete(id);
      lane?.close(gone(id));
      if (before) this.#tell(before, undefined);
    }
    for (const route of changed) {
      const before = this.table.get(route.id);
      this.table.set(route);
      const lane = this.#lanes.get(route.id);
      if (lane) lane.update(route);
      else this.#lanes.set(route.id, new Lane(route, { ...this.#ports, freed: (keyId) => this.#freed(keyId) }));
      this.#tell(before, route);
    }
  }

  /** The whole table anew: what is not in it is gone. */
  replace(routes: Route[]): void {
    const kept = new Set(routes.map((route) => route.id));
    this.change(
      routes,
      [...this.#lanes.keys()].filter((id) => !kept.has(id)),
    );
  }

  /** Refuses, on every lane, those who wait with a key that has ended. */
  expel(ended: (key: CheckedKey) => boolean, cause: Failure): void {
    for (const lane of this.#lanes.values()) lane.expel(ended, cause);
  }

  /** The key's oldest request goes on first, whichever model it is for, so that a key's busy model cannot starve its others. */
  #freed(keyId: string): void {
    const waiting = [...this.#lanes.values()].flatMap((lane) => {
      const since = lane.firstArrival(keyId);
      return since === null ? [] : [{ lane, since }];
    });
    for (const { lane } of waiting.sort((a, b) => a.since - b.since)) lane.goOn();
  }

  #tell(before: Route | undefined, after: Route | undefined): void {
    for (const watcher of this.#watchers) watcher(before, after);
  }

  /** Drops every idle connection. */
  close(): void {
    for (const [id, lane] of this.#lanes) lane.close(gone(id));
  }
}

const gone = (id: string): Failure =>
  failure(
    'NOT_FOUND',
    `The model ${JSON.stringify(id)} was removed while the request waited for it: choose another one.`,
    { apiCode: 'model_not_found' },
  );
