import type { Route } from '../contracts/ipc.ts';
import { failure } from './failures.ts';
import type { Failure } from './failures.ts';
import { Lane } from './lane.ts';
import { RouteTable } from './route-table.ts';

/** `before` is missing for a new model, `after` for one that is gone. */
export type RouteWatcher = (before: Route | undefined, after: Route | undefined) => void;

type LanePorts = ConstructorParameters<typeof Lane>[1];

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
      else this.#lanes.set(route.id, new Lane(route, this.#ports));
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
