import type { Route } from '../contracts/ipc.ts';
import { editDistance } from './edit-distance.ts';
import { failure } from './failures.ts';
import type { Failure } from './failures.ts';

const LONGEST_COMPARED = 96;
const MAX_NAMED = 5;
const LATEST = ':latest';
const MAX_LISTED = 20;

/** The models by every name a client may use. */
export class RouteTable {
  readonly #routes = new Map<string, Route>();
  #exact = new Map<string, string>();
  #folded = new Map<string, string>();

  get(id: string): Route | undefined {
    return this.#routes.get(id);
  }

  all(): Route[] {
    return [...this.#routes.values()];
  }

  set(route: Route): void {
    const before = this.#routes.get(route.id);
    this.#routes.set(route.id, route);
    // Progress changes many times a second, names hardly ever.
    if (!before || before.names.join('\n') !== route.names.join('\n')) this.#index();
  }

  delete(id: string): void {
    if (this.#routes.delete(id)) this.#index();
  }

  /** The id behind a name: as written first, then whatever the case, then without the tag that Ollama's clients add. */
  resolve(name: string): string | undefined {
    const known = this.#exact.get(name) ?? this.#folded.get(name.toLowerCase());
    if (known !== undefined || !name.endsWith(LATEST)) return known;
    const plain = name.slice(0, -LATEST.length);
    return this.#exact.get(plain) ?? this.#folded.get(plain.toLowerCase());
  }

  unknown(name: string): Failure {
    const near = this.#nearest(name);
    const hint =
      this.#routes.size === 0
        ? 'There are no models yet: add a GGUF file to a model folder'
        : near.length > 0
          ? `The nearest names are ${near.map((n) => JSON.stringify(n)).join(', ')}`
          : 'GET /v1/models lists what there is';
    return failure('NOT_FOUND', `There is no model named ${JSON.stringify(shorten(name))}. ${hint}.`, {
      apiCode: 'model_not_found',
    });
  }

  /** The ids, for a message. */
  listed(): string {
    const ids = [...this.#routes.keys()];
    if (ids.length === 0) return 'There are no models yet';
    const more = ids.length > MAX_LISTED ? ` and ${ids.length - MAX_LISTED} more` : '';
    return `The models are ${ids
      .slice(0, MAX_LISTED)
      .map((id) => JSON.stringify(id))
      .join(', ')}${more}`;
  }

  #nearest(name: string): string[] {
    const wanted = shorten(name).toLowerCase();
    const most = Math.max(2, Math.floor(wanted.length / 3));
    const best = new Map<string, number>();
    for (const route of this.#routes.values()) {
      for (const known of [route.id, ...route.names]) {
        const folded = known.slice(0, LONGEST_COMPARED).toLowerCase();
        const contains = wanted.length >= 3 && (folded.includes(wanted) || wanted.includes(folded));
        const distance = contains ? 0 : editDistance(wanted, folded, most);
        if (distance <= most && distance < (best.get(route.id) ?? Infinity)) best.set(route.id, distance);
      }
    }
    return [...best.entries()]
      .sort(([a, x], [b, y]) => x - y || a.localeCompare(b))
      .slice(0, MAX_NAMED)
      .map(([id]) => id);
  }

  #index(): void {
    this.#exact = new Map();
    this.#folded = new Map();
    // An id always wins over another model's alias.
    for (const id of this.#routes.keys()) add(this.#exact, this.#folded, id, id);
    for (const route of this.#routes.values())
      for (const name of route.names) add(this.#exact, this.#folded, name, route.id);
  }
}

const add = (exact: Map<string, string>, folded: Map<string, string>, name: string, id: string): void => {
  if (!exact.has(name)) exact.set(name, id);
  const lower = name.toLowerCase();
  if (!folded.has(lower)) folded.set(lower, id);
};

const shorten = (name: string): string =>
  name.length > LONGEST_COMPARED ? `${name.slice(0, LONGEST_COMPARED)}…` : name;
