/**
 * Which `Host` and `Origin` headers are accepted, for every HTTP surface of this product. A page of another site must not
 * drive a server on this machine: not by asking across origins, and not by rebinding its own domain name to a local address.
 * Pure, and free of imports, because the router process uses it too.
 */

interface Authority {
  name: string;
  port: string | null;
}

/** Addresses and names to listen on that nobody beyond this machine reaches. */
export const isLoopback = (host: string): boolean =>
  /^localhost$/i.test(host) ||
  /^127(\.\d{1,3}){3}$/.test(host) ||
  host === '::1' ||
  /^::ffff:127(\.\d{1,3}){3}$/i.test(host);

/** Splits `name`, `name:port`, `[v6]` and `[v6]:port`; null when it is none of these. */
const parseAuthority = (value: string): Authority | null => {
  const match = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?$/i.exec(value.trim());
  if (match === null) return null;
  const name = (match[1] ?? '').toLowerCase().replace(/\.$/, '');
  return { name, port: match[2] ?? null };
};

/** Four decimal parts: the only spelling of an IPv4 address that a browser puts into `Host`. */
const isIpv4 = (name: string): boolean => {
  const parts = name.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
};

const isLoopbackName = (name: string): boolean => name === 'localhost' || name.endsWith('.localhost');

/**
 * Accepts loopback names and IP addresses with any port (an address cannot be rebound, only a name can), and the listed
 * names. An entry with a port admits only that port. A request without `Host` does not come from a browser and is accepted.
 */
export const hostAllowed = (host: string | undefined, allowedHosts: readonly string[]): boolean => {
  if (host === undefined || host === '') return true;
  const asked = parseAuthority(host);
  if (asked === null) return false;
  if (asked.name.startsWith('[') || isIpv4(asked.name) || isLoopbackName(asked.name)) return true;
  return allowedHosts.some((entry) => {
    const listed = parseAuthority(entry);
    return listed !== null && listed.name === asked.name && (listed.port === null || listed.port === asked.port);
  });
};

/** True when an origin is one of the configured ones; case and a final slash do not matter. */
export const originListed = (origin: string, allowedOrigins: readonly string[]): boolean => {
  const wanted = origin.toLowerCase();
  return allowedOrigins.some((entry) => entry.trim().toLowerCase().replace(/\/+$/, '') === wanted);
};

/**
 * Accepts a missing origin (not a browser, or a plain navigation), the origin whose host and port are those of `Host`, and
 * the listed ones. Another port of this machine is another site: a page served there may be anybody's.
 */
export const originAllowed = (
  origin: string | undefined,
  host: string | undefined,
  allowedOrigins: readonly string[],
): boolean => {
  if (origin === undefined || origin === '') return true;
  if (originListed(origin, allowedOrigins)) return true;
  const authority = /^https?:\/\/([^/]+)$/i.exec(origin.trim())?.[1];
  if (authority === undefined || host === undefined) return false;
  return authority.toLowerCase() === host.trim().toLowerCase();
};
