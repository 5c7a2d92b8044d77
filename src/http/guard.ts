/** Refuses requests whose Host or Origin shows that another site is behind them. One rule for HTTP, polling and WebSocket. */
import type { IncomingHttpHeaders } from 'node:http';
import { CodedError } from '../contracts/errors.ts';
import { announcesKey, tokenOf } from '../contracts/keys.ts';
import type { KeyHeaders } from '../contracts/keys.ts';
import type { User } from '../contracts/users.ts';
import { hostAllowed, originAllowed, originListed } from '../contracts/origins.ts';
import { credentialsOf } from '../commands/access.ts';
import type { Access, Admitted } from '../commands/access.ts';

/** Whose request that is, by its headers; UNAUTHORIZED when its key is not valid, or missing where one is needed. */
export const admittedBy = (headers: KeyHeaders, access: Access): Promise<Admitted | CodedError> =>
  access.admit(credentialsOf([tokenOf(headers)]));

/** The user whose token these headers carry; null for none, and for what is no valid token, which is the router's to judge. */
export const userOfRequest = async (headers: KeyHeaders, access: Access): Promise<User | null> => {
  const { token } = credentialsOf([tokenOf(headers)]);
  const user = token === null ? null : await access.verify(token);
  return user instanceof CodedError ? null : user;
};

/** A page that holds a key was given it on purpose, which is what the check of its origin is a stand-in for. */
export const holdsKey = (headers: KeyHeaders, access: Access): boolean => {
  const principal = access.identify(tokenOf(headers));
  return !(principal instanceof CodedError) && principal.key !== null;
};

/** A preflight comes without the key that its request will bring; it is let through, and that request is judged. */
export const isKeyedPreflight = (method: string | undefined, headers: IncomingHttpHeaders): boolean =>
  method === 'OPTIONS' && announcesKey(headers['access-control-request-headers']);

/** Functions, because both lists are configuration that may change while the server runs. */
export interface AccessRules {
  allowedHosts: () => readonly string[];
  allowedOrigins: () => readonly string[];
}

const shown = (header: string | undefined): string => (header ?? '').slice(0, 200);

/** FORBIDDEN with what to configure, or undefined when the request may pass. A `holder` of a key may come from any origin. */
export const refusedAccess = (
  headers: IncomingHttpHeaders,
  rules: AccessRules,
  holder = false,
): CodedError | undefined => {
  const { host, origin } = headers;
  if (!hostAllowed(host, rules.allowedHosts())) {
    return new CodedError(
      'FORBIDDEN',
      `The host "${shown(host)}" is not one of this server's names; add it to allowedHosts in the configuration.`,
    );
  }
  if (!holder && !originAllowed(origin, host, rules.allowedOrigins())) {
    return new CodedError(
      'FORBIDDEN',
      `Pages of "${shown(origin)}" may not use this server; add that origin to allowedOrigins in the configuration, or send a key.`,
    );
  }
  return undefined;
};

/** CORS headers are for listed origins and holders of a key; pages of this server need none. */
export const corsOrigin = (origin: string | undefined, rules: AccessRules, holder = false): string | null =>
  origin !== undefined && (holder || originListed(origin, rules.allowedOrigins())) ? origin : null;
