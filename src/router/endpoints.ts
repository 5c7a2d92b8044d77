import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Scope } from '../contracts/keys.ts';
import type { Dialect } from './dialect.ts';

/** One request after the guards, with its path taken apart. */
export interface Call {
  req: IncomingMessage;
  res: ServerResponse;
  /** Query with its question mark, or empty. */
  search: string;
  /** The rest of the path behind a prefix endpoint, decoded; empty otherwise. */
  rest: string;
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One thing the server answers. Further APIs are further lists of these. */
export interface Endpoint {
  methods: readonly Method[];
  /** Exact paths; one that ends in `/*` takes everything below it. The first is the one that is shown to people. */
  paths: readonly [string, ...string[]];
  dialect: Dialect;
  /** What a key must be able to do to use it: `infer` unless said otherwise, nothing at all for null. */
  scope?: Scope | null;
  /** What it does, for docs/api.md: a phrase that ends without a full stop. */
  about: string;
  handle(call: Call): void;
}

/** Endpoints that one family of clients knows together. */
export interface Api {
  name: string;
  /** What a reader of docs/api.md should know first, in Markdown. */
  intro: string;
  dialect: Dialect;
  /** Unknown paths that begin so are answered in this API's shape. */
  prefixes: readonly string[];
  endpoints: readonly Endpoint[];
}

export interface Match {
  /** What the path can mean, one per method. */
  endpoints: readonly Endpoint[];
  rest: string;
}

/** The endpoints by path. */
export class EndpointTable {
  readonly #apis: readonly Api[];
  readonly #exact = new Map<string, Endpoint[]>();
  readonly #prefixes: { prefix: string; endpoints: Endpoint[] }[] = [];
  readonly #areas: { prefix: string; api: Api }[];

  constructor(apis: readonly Api[]) {
    this.#apis = apis;
    for (const endpoint of apis.flatMap((api) => api.endpoints)) {
      for (const path of endpoint.paths) this.#add(path, endpoint);
    }
    // The longest prefix decides, whatever the order of the lists.
    this.#prefixes.sort((a, b) => b.prefix.length - a.prefix.length);
    this.#areas = apis
      .flatMap((api) => api.prefixes.map((prefix) => ({ prefix, api })))
      .sort((a, b) => b.prefix.length - a.prefix.length);
  }

  match(path: string): Match | null {
    const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const exact = this.#exact.get(plain);
    if (exact) return { endpoints: exact, rest: '' };
    for (const { prefix, endpoints } of this.#prefixes) {
      if (plain.startsWith(prefix)) return { endpoints, rest: plain.slice(prefix.length) };
    }
    return null;
  }

  /** How a client that asks for this path wants to be told about an error. */
  dialectOf(path: string): Dialect {
    return this.match(path)?.endpoints[0]?.dialect ?? this.#areaOf(path).dialect;
  }

  /** "GET /v1/models, POST /v1/completions, …": what there is in the API that an unknown path seems to belong to. */
  listed(path: string): string {
    return this.#areaOf(path)
      .endpoints.map(({ methods, paths }) => `${methods[0] ?? 'GET'} ${paths[0].replace('/*', '/:id')}`)
      .join(', ');
  }

  #areaOf(path: string): Api {
    const api = this.#areas.find(({ prefix }) => path.startsWith(prefix))?.api ?? this.#apis[0];
    if (!api) throw new Error('a table of endpoints needs an API');
    return api;
  }

  #add(path: string, endpoint: Endpoint): void {
    if (!path.endsWith('/*')) {
      this.#exact.set(path, [...(this.#exact.get(path) ?? []), endpoint]);
      return;
    }
    const prefix = path.slice(0, -1);
    const known = this.#prefixes.find((other) => other.prefix === prefix);
    if (known) known.endpoints.push(endpoint);
    else this.#prefixes.push({ prefix, endpoints: [endpoint] });
  }
}
