import type { IncomingMessage } from 'node:http';
import { announcesKey, allowsModel, scopeRefusal, tokenOf } from '../contracts/keys.ts';
import type { CheckedKey, Identity, Keyring, Scope } from '../contracts/keys.ts';
import type { Route } from '../contracts/ipc.ts';
import { failure } from './failures.ts';
import type { Failure } from './failures.ts';

/** The key of each admitted request that came with one. Kept with the request, so that no endpoint can forget to pass it on. */
const holders = new WeakMap<IncomingMessage, CheckedKey>();

/** The key an admitted request came with, or null. */
export const holderOf = (req: IncomingMessage): CheckedKey | null => holders.get(req) ?? null;

/** Whose request that is; the headers are read and hashed this once. */
export const identify = (req: IncomingMessage, keyring: Keyring): Identity =>
  keyring.identify(tokenOf(req.headers), Date.now());

/** A page that holds a key may be of any origin; for a preflight, which never carries the key, it is enough to announce it. */
export const vouched = (req: IncomingMessage, identity: Identity): boolean =>
  identity.kind === 'key' || (req.method === 'OPTIONS' && announcesKey(req.headers['access-control-request-headers']));

export const unauthorized = (message: string): Failure =>
  failure('UNAUTHORIZED', message, { apiCode: 'invalid_api_key', headers: { 'www-authenticate': 'Bearer' } });

/** Lets a request in to what needs `scope` (null is open to all), or says why not. */
export const admit = (req: IncomingMessage, identity: Identity, scope: Scope | null): Failure | null => {
  if (scope === null) return null;
  if (identity.kind === 'refused') return unauthorized(identity.message);
  if (identity.kind === 'anonymous') return null;
  holders.set(req, identity.key);
  const refusal = scopeRefusal(identity.key, scope);
  return refusal === null ? null : failure('FORBIDDEN', refusal);
};

/** Whether that key, or nobody's, may use the model. */
export const mayUse = (key: CheckedKey | null, route: Pick<Route, 'names'>): boolean => allowsModel(key, route.names);

/** A limited key is not told which other models there are. */
export const notAllowed = (key: CheckedKey): Failure => {
  const names = (key.models ?? []).map((name) => JSON.stringify(name)).join(', ');
  return failure('FORBIDDEN', `The key ${JSON.stringify(key.name)} may use ${names} only: choose one of them.`);
};

/** The models that the sender of an admitted request may use. */
export const visibleTo = (req: IncomingMessage, routes: readonly Route[]): Route[] => {
  const key = holderOf(req);
  return routes.filter((route) => mayUse(key, route));
};
