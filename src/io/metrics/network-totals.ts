import { readFileSync } from 'node:fs';
import si from 'systeminformation';

/** Bytes received and sent since the machine started. */
export interface NetworkTotals {
  rx: number;
  tx: number;
}

/** Interfaces through which the machine's default routes go: /proc/net/route, columns Iface and Destination (hexadecimal). */
const defaultRoutes = (routes: string): Set<string> => {
  const names = new Set<string>();
  for (const line of routes.split('\n').slice(1)) {
    const [name, destination, , flags] = line.split('\t');
    if (name && destination === '00000000' && flags) names.add(name);
  }
  return names;
};

/**
 * Adds up /proc/net/dev (after two title lines: name, colon, 8 numbers received of which the first is bytes, 8 sent)
 * over the interfaces of the default routes, or over all but loopback where there is no route. Bridges and containers'
 * interfaces would count the same bytes again.
 */
export const parseNetworkTotals = (dev: string, routes: string): NetworkTotals => {
  const wanted = defaultRoutes(routes);
  const totals = { rx: 0, tx: 0 };
  for (const line of dev.split('\n').slice(2)) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim();
    if (wanted.size > 0 ? !wanted.has(name) : name === 'lo') continue;
    const numbers = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    totals.rx += numbers[0] ?? 0;
    totals.tx += numbers[8] ?? 0;
  }
  return totals;
};

/** Absent where the kernel knows no IPv4. */
const routesNow = (): string => {
  try {
    return readFileSync('/proc/net/route', 'utf8');
  } catch {
    return '';
  }
};

/** On Linux read from /proc, because systeminformation starts a shell for every reading (3 ms and a fork, measured); elsewhere its own. */
export const readNetworkTotals = async (): Promise<NetworkTotals> => {
  if (process.platform === 'linux') {
    return parseNetworkTotals(readFileSync('/proc/net/dev', 'utf8'), routesNow());
  }
  const stats = await si.networkStats();
  return stats.reduce((sum, one) => ({ rx: sum.rx + one.rx_bytes, tx: sum.tx + one.tx_bytes }), { rx: 0, tx: 0 });
};

/** Bytes per second between two readings; 0 for the first one and after the counters began anew. */
export const createNetworkRate = (
  read: () => Promise<NetworkTotals>,
  clock: () => number = () => performance.now(),
): (() => Promise<NetworkTotals>) => {
  let before: (NetworkTotals & { at: number }) | null = null;
  return async () => {
    const totals = await read();
    const at = clock();
    const seconds = before ? (at - before.at) / 1_000 : 0;
    const rate = (now: number, then: number): number =>
      seconds > 0 ? Math.max(0, Math.round((now - then) / seconds)) : 0;
    const result = { rx: rate(totals.rx, before?.rx ?? 0), tx: rate(totals.tx, before?.tx ?? 0) };
    before = { ...totals, at };
    return result;
  };
};
