/**
 * Keys: who may use the server, and for what. Shared by both planes, so that one rule decides everywhere. Pure; hashing is
 * done by whoever has a crypto library.
 */

export const SCOPES = ['infer', 'observe', 'operate', 'admin'] as const;
/**
 * `infer`: the inference API only. `observe`: read the state, logs and metrics. `operate`: load, unload and change what is
 * served. `admin`: configuration, engine and keys.
 */
export type Scope = (typeof SCOPES)[number];

/** Every scope that a scope brings with it, itself included. */
const IMPLIED: Readonly<Record<Scope, readonly Scope[]>> = {
  infer: ['infer'],
  observe: ['observe'],
  operate: ['operate', 'observe', 'infer'],
  admin: ['admin', 'operate', 'observe', 'infer'],
};

export const grants = (scopes: readonly Scope[], wanted: Scope): boolean =>
  scopes.some((scope) => IMPLIED[scope].includes(wanted));

/** Every key begins with this, so that people, secret scanners and this server tell it from other services' keys. */
export const KEY_PREFIX = 'lla_';
/** No key of ours is longer; longer text is not even hashed. */
const LONGEST_KEY = 256;

/** A key as both planes check it. The key itself is nowhere: it is shown once, when it is made. */
export interface CheckedKey {
  id: string;
  name: string;
  /** SHA-256 of the key, in hex. */
  hash: string;
  scopes: readonly Scope[];
  /** Models that may be used, by any of their names; null is all. */
  models: readonly string[] | null;
  /** Epoch ms; null is never. */
  expiresAt: number | null;
  /** Requests answered at once over all models; more wait. Null is no limit. */
  concurrency: number | null;
  /** Requests in any 60 s; more are refused. Null is no limit. */
  ratePerMinute: number | null;
}

/** A key as people see it: neither the key nor its hash. */
export interface KeyView {
  id: string;
  name: string;
  /** Its first characters, by which a person finds it again in a configuration file. */
  hint: string;
  scopes: Scope[];
  models: string[] | null;
  concurrency: number | null;
  ratePerMinute: number | null;
  createdAt: number;
  expiresAt: number | null;
  /** To the minute or so; null while it was never used. */
  lastUsedAt: number | null;
}

/** Where a client may put its key. A header that comes twice arrives as a list; then the first counts. */
export interface KeyHeaders {
  authorization?: string | undefined;
  'x-api-key'?: string | string[] | undefined;
}

const bearerOf = (authorization: string | undefined): string | undefined =>
  authorization === undefined ? undefined : /^bearer +(\S+) *$/i.exec(authorization)?.[1];

/** The first of these texts that looks like a key of ours, else the first that is a text at all, else null. */
export const chooseToken = (candidates: readonly unknown[]): string | null => {
  let other: string | null = null;
  for (const candidate of candidates) {
    if (typeof candidate !== 'string' || candidate === '') continue;
    if (candidate.startsWith(KEY_PREFIX)) return candidate;
    other ??= candidate;
  }
  return other;
};

/** What a request's headers carry as its key: `Authorization: Bearer …` or `X-Api-Key`. Null without either. */
export const tokenOf = (headers: KeyHeaders): string | null => {
  const { authorization, 'x-api-key': apiKey } = headers;
  if (authorization === undefined && apiKey === undefined) return null;
  return chooseToken([bearerOf(authorization), Array.isArray(apiKey) ? apiKey[0] : apiKey]);
};

/** True for a preflight whose request will carry a key: it cannot be judged before the key is there. */
export const announcesKey = (requestHeaders: string | undefined): boolean =>
  requestHeaders?.split(',').some((name) => /^\s*(authorization|x-api-key)\s*$/i.test(name)) === true;

/** Who sent a request: nobody in particular, the holder of a key, or somebody to be turned away. */
export type Identity = { kind: 'anonymous' } | { kind: 'key'; key: CheckedKey } | { kind: 'refused'; message: string };

export interface Digests {
  /** SHA-256 in hex. */
  of(text: string): string;
  /** Compares two digests in a time that does not depend on where they differ. */
  same(a: string, b: string): boolean;
}

const ANONYMOUS: Identity = { kind: 'anonymous' };
const HOW = 'make one with `llamactor key create` where the server runs';

const refused = (message: string): Identity => ({ kind: 'refused', message });

/** The keys that are valid now, found by the digest of what a client sends. */
export class Keyring {
  readonly #digests: Digests;
  #byHash = new Map<string, CheckedKey>();
  #byId = new Map<string, CheckedKey>();
  #required = false;

  constructor(digests: Digests) {
    this.#digests = digests;
  }

  /** Whether nobody gets in without a key. */
  get required(): boolean {
    return this.#required;
  }

  replace(required: boolean, keys: readonly CheckedKey[]): void {
    this.#required = required;
    this.#byHash = new Map(keys.map((key) => [key.hash, key]));
    this.#byId = new Map(keys.map((key) => [key.id, key]));
  }

  /** The key with that id, unless it was revoked or has expired. `now` is epoch ms. */
  byId(id: string, now: number): CheckedKey | null {
    const key = this.#byId.get(id);
    return key === undefined || hasExpired(key, now) ? null : key;
  }

  /**
   * Who sent this token; null is no token. A token that is no key of ours by its looks is no key at all: the OpenAI clients
   * insist on sending one ("not-needed"), and users' tokens travel in the same headers. So it is nobody's where none is
   * needed and refused where one is; what looks like one of ours must always be one.
   */
  identify(token: string | null, now: number): Identity {
    if (token === null)
      return this.#required ? refused(`This server needs a key: send one as a bearer token, or ${HOW}.`) : ANONYMOUS;
    if (!token.startsWith(KEY_PREFIX) && !this.#required) return ANONYMOUS;
    const key = token.length > LONGEST_KEY ? undefined : this.#find(token);
    if (key === undefined) return refused(`This key is unknown or was revoked: use another, or ${HOW}.`);
    if (hasExpired(key, now)) {
      const when = new Date(key.expiresAt ?? now).toISOString();
      return refused(`The key ${JSON.stringify(key.name)} expired at ${when}: use another, or ${HOW}.`);
    }
    return { kind: 'key', key };
  }

  /**
   * The lookup goes by the digest, whose characters nobody can choose, so its time tells nothing about a key; the
   * comparison in constant time makes sure of it.
   */
  #find(token: string): CheckedKey | undefined {
    const digest = this.#digests.of(token);
    const key = this.#byHash.get(digest);
    return key !== undefined && this.#digests.same(digest, key.hash) ? key : undefined;
  }
}

const hasExpired = ({ expiresAt }: CheckedKey, now: number): boolean => expiresAt !== null && expiresAt <= now;

/** Why a key may not do this, in one sentence; null when it may. */
export const scopeRefusal = (key: CheckedKey, wanted: Scope): string | null =>
  grants(key.scopes, wanted)
    ? null
    : `The key ${JSON.stringify(key.name)} has the scope ${key.scopes.join(', ')}, and this needs ${wanted}: use a key that has it.`;

/** Whether a key may use the model with these names; letter case does not matter. */
export const allowsModel = (key: Pick<CheckedKey, 'models'> | null, names: readonly string[]): boolean => {
  if (key === null || key.models === null) return true;
  const known = new Set(names.map((name) => name.toLowerCase()));
  return key.models.some((name) => known.has(name.toLowerCase()));
};
