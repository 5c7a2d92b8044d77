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

/** One thing the server answers. Further APIs are further lists of these. */
export interface Endpoint {
  methods: readonly ('GET' | 'HEAD' | 'POST')[];
  /** Exact paths; one that ends in `/*` takes everything below it. The first is the one that is shown to people. */
  paths: readonly [string, ...string[]];
  dialect: Dialect;
  /** What a key must be able to do to use it: `infer` unless said otherwise, nothing at all for null. */
  scope?: Scope | null;
  handle(call: Call): void;
}

export interface Match {
  endpoint: Endpoint;
  rest: string;
}

/** The endpoints by path. */
export class EndpointTable {
  readonly #endpoints: readonly Endpoint[];
  readonly #exact = new Map<string, Endpoint>();
  readonly #prefixes: { prefix: string; endpoint: Endpoint }[] = [];

  constructor(endpoints: readonly Endpoint[]) {
    this.#endpoints = endpoints;
    for (const endpoint of endpoints) {
      for (const path of endpoint.paths) {
        if (path.endsWith('/*')) this.#prefixes.push({ prefix: path.slice(0, -1), endpoint });
        else this.#exact.set(path, endpoint);
      }
    }
    // The longest prefix decides, whatever the order of the lists.
    this.#prefixes.sort((a, b) => b.prefix.length - a.prefix.length);
  }

  match(path: string): Match | null {
    const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const exact = this.#exact.get(plain);
    if (exact) return { endpoint: exact, rest: '' };
    for (const { prefix, endpoint } of this.#prefixes) {
      if (plain.startsWith(prefix)) return { endpoint, rest: plain.slice(prefix.length) };
    }
    return null;
  }

  /** "GET /v1/models, POST /v1/completions, …" */
  listed(): string {
    return this.#endpoints
      .map(({ methods, paths }) => `${methods[0] ?? 'GET'} ${paths[0].replace('/*', '/:id')}`)
      .join(', ');
  }
}
