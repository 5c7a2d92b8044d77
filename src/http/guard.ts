/** Refuses requests whose Host or Origin shows that another site is behind them. One rule for HTTP, polling and WebSocket. */
import type { IncomingHttpHeaders } from 'node:http';
import { CodedError } from '../contracts/errors.ts';
import { hostAllowed, originAllowed, originListed } from '../contracts/origins.ts';

/** Functions, because both lists are configuration that may change while the server runs. */
export interface AccessRules {
  allowedHosts: () => readonly string[];
  allowedOrigins: () => readonly string[];
}

const shown = (header: string | undefined): string => (header ?? '').slice(0, 200);

/** FORBIDDEN with what to configure, or undefined when the request may pass. */
export const refusedAccess = (headers: IncomingHttpHeaders, rules: AccessRules): CodedError | undefined => {
  const { host, origin } = headers;
  if (!hostAllowed(host, rules.allowedHosts())) {
    return new CodedError(
      'FORBIDDEN',
      `The host "${shown(host)}" is not one of this server's names; add it to allowedHosts in the configuration.`,
    );
  }
  if (!originAllowed(origin, host, rules.allowedOrigins())) {
    return new CodedError(
      'FORBIDDEN',
      `Pages of "${shown(origin)}" may not use this server; add that origin to allowedOrigins in the configuration.`,
    );
  }
  return undefined;
};

/** CORS headers are for listed origins only; pages of this server need none. */
export const corsOrigin = (origin: string | undefined, rules: AccessRules): string | null =>
  origin !== undefined && originListed(origin, rules.allowedOrigins()) ? origin : null;
