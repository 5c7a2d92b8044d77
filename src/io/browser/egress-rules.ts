/** Where a session's browser may go: the configured hosts, and no address of this machine or its networks unless it is named. */
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import type { NetworkRules } from './browser.ts';

export interface Place {
  /** As in an address bar: lower case, an IPv6 address without brackets. */
  host: string;
  port: number;
}

const bare = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');

export const placeOf = (url: URL): Place => ({
  host: bare(url.hostname),
  port: url.port === '' ? (url.protocol === 'https:' || url.protocol === 'wss:' ? 443 : 80) : Number(url.port),
});

/** `host`, `host:port`, `[v6]` or `[v6]:port`; null for what is none of them. */
export const parsePlace = (text: string, defaultPort: number): Place | null => {
  const parts = /^(\[[^\]]+\]|[^:]+|[^\]]*:[^:]*:.*)(?::(\d{1,5}))?$/.exec(text);
  if (parts === null) return null;
  // Without brackets an IPv6 address cannot carry a port.
  if (ipaddr.isValid(text)) return { host: bare(text), port: defaultPort };
  const port = parts[2] === undefined ? defaultPort : Number(parts[2]);
  return port > 0 && port < 65_536 ? { host: bare(parts[1] as string), port } : null;
};

/** Whether a pattern of the configuration means this place. One without a port means every port of the host. */
const means = (pattern: string, place: Place): boolean => {
  if (pattern === '*') return true;
  const wild = pattern.startsWith('*.');
  const named = parsePlace(wild ? pattern.slice(2) : pattern, place.port);
  if (named === null || named.port !== place.port) return false;
  return wild ? place.host.endsWith(`.${named.host}`) : place.host === named.host;
};

/** Of a private place only an entry with its port counts, or the usual ports: a port is a program, and most are not meant. */
export const isNamedPrivate = (rules: NetworkRules, place: Place): boolean =>
  rules.allowPrivate.some((pattern) => {
    if (pattern === '*') return false;
    const withPort = /:\d{1,5}$/.test(pattern) && !ipaddr.isValid(pattern);
    return means(pattern, place) && (withPort || place.port === 80 || place.port === 443);
  });

const NAT64 = ipaddr.parseCIDR('64:ff9b::/96');

/** What an address is, without its disguises: an IPv4 address that is written as IPv6 is that IPv4 address. */
const unwrap = (address: string): ipaddr.IPv4 | ipaddr.IPv6 => {
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv6' && parsed.match(NAT64)) return ipaddr.fromByteArray(parsed.toByteArray().slice(12));
  return parsed;
};

const isOwn = (address: ipaddr.IPv4 | ipaddr.IPv6): boolean =>
  Object.values(networkInterfaces()).some((all) =>
    all?.some(
      (one) => ipaddr.process(one.address.replace(/%.*$/, '')).toNormalizedString() === address.toNormalizedString(),
    ),
  );

/** Why an address is none of the internet's, in words; null for one that is. */
export const whyPrivate = (address: string): string | null => {
  if (!ipaddr.isValid(address)) return `${address} is no address`;
  const plain = unwrap(address);
  const range = plain.range();
  if (range === 'loopback' || range === 'unspecified') return 'it is this machine';
  if (range !== 'unicast') return `it is an address of a local or special network (${range})`;
  return isOwn(plain) ? 'it is this machine' : null;
};

const SETTING = 'A person can allow it with sessions.allowPrivate.';

/** Why a host may not be reached, as one sentence; null when it may as far as its name says. */
export const whyNotHost = (rules: NetworkRules, place: Place): string | null => {
  if (rules.deny.some((pattern) => means(pattern, place))) return `${place.host} is denied by sessions.deny.`;
  if (isNamedPrivate(rules, place)) return null;
  if (!rules.allow.some((pattern) => means(pattern, place))) return `${place.host} is not among sessions.allow.`;
  const isLocal = place.host === 'localhost' || place.host.endsWith('.localhost');
  const literal = isLocal ? 'it is this machine' : ipaddr.isValid(place.host) ? whyPrivate(place.host) : null;
  return literal === null ? null : `${place.host}:${place.port} may not be reached: ${literal}. ${SETTING}`;
};

/** The same for the addresses that a name stands for; one that is private spoils them all. */
export const whyNotAddresses = (rules: NetworkRules, place: Place, addresses: readonly string[]): string | null => {
  if (isNamedPrivate(rules, place)) return null;
  for (const address of addresses) {
    const why = whyPrivate(address);
    if (why !== null)
      return `${place.host}:${place.port} may not be reached: its address is ${address}, and ${why}. ${SETTING}`;
  }
  return null;
};
