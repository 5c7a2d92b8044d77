import { isIP } from 'node:net';

export interface GuardSettings {
  /** The address that is listened on. */
  host: string;
  allowedHosts: readonly string[];
  allowedOrigins: readonly string[];
}

export interface Asking {
  host: string | undefined;
  origin: string | undefined;
  /** `Sec-Fetch-Site`, which browsers also send where they leave out `Origin`. */
  site: string | undefined;
  /** The address at which the connection came in. */
  localAddress: string | undefined;
}

/** Either a refusal in one sentence, or the origin that may read the answer (null when no browser page of another origin asks). */
export type Verdict = { refusal: string } | { refusal: null; origin: string | null };

const LOOPBACK_IPV4 = /^127(?:\.\d{1,3}){3}$/;

const isLoopback = (name: string): boolean => name === 'localhost' || name === '::1' || LOOPBACK_IPV4.test(name);

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::' || host === '';

/** The name of a Host header without its port, brackets and closing dot, in lower case. */
const hostName = (host: string): string => {
  const lower = host.trim().toLowerCase();
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(lower);
  if (bracketed?.[1] !== undefined) return bracketed[1];
  return lower.replace(/:\d+$/, '').replace(/\.$/, '');
};

const hostAllowed = (asking: Asking, settings: GuardSettings): boolean => {
  if (asking.host === undefined) return false;
  const name = hostName(asking.host);
  if (isLoopback(name)) return true;
  if (!isWildcard(settings.host) && name === settings.host.toLowerCase()) return true;
  // Rebinding works with names; an address that the connection really arrived at proves itself.
  if (isIP(name) !== 0 && name === asking.localAddress?.replace(/^::ffff:/i, '')) return true;
  const full = asking.host.trim().toLowerCase();
  return settings.allowedHosts.some((allowed) => allowed.toLowerCase() === full || hostName(allowed) === name);
};

const originAllowed = (origin: string, host: string, settings: GuardSettings): boolean => {
  const lower = origin.toLowerCase().replace(/\/$/, '');
  if (settings.allowedOrigins.some((allowed) => allowed.toLowerCase().replace(/\/$/, '') === lower)) return true;
  const url = URL.canParse(lower) ? new URL(lower) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false;
  if (url.host === host.trim().toLowerCase()) return true;
  return isLoopback(hostName(url.host)) && isLoopback(hostName(host));
};

/**
 * Guards a server without login against web pages: a page that rebinds its own name to this machine is recognised by `Host`,
 * a page of another site by `Origin`. Programs send neither and pass, and so does a page that is
 * `vouched` for by a key: it was given that on purpose.
 */
export const judge = (asking: Asking, settings: GuardSettings, vouched = false): Verdict => {
  if (!hostAllowed(asking, settings)) {
    const name = asking.host === undefined ? 'no host' : JSON.stringify(asking.host.slice(0, 128));
    return { refusal: `Requests for ${name} are not answered here: use localhost, or add the name to allowedHosts.` };
  }
  if (asking.origin !== undefined) {
    if (vouched || originAllowed(asking.origin, asking.host ?? '', settings))
      return { refusal: null, origin: asking.origin };
    return {
      refusal: `Pages of ${JSON.stringify(asking.origin.slice(0, 128))} may not use this server: add the origin to allowedOrigins.`,
    };
  }
  if (asking.site === 'cross-site' && !vouched)
    return { refusal: 'Pages of other sites may not use this server: add their origin to allowedOrigins.' };
  return { refusal: null, origin: null };
};
