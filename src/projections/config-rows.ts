/** The configuration as it is stored beside what counts now. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { CONFIG_KEYS } from '../contracts/config.ts';
import type { ConfigRow } from '../contracts/changes.ts';
import type { Config, ConfigKey } from '../contracts/config.ts';

/** What was fixed when it started, and holds until it starts again. */
export interface Running {
  host: string;
  port: number;
  /** Null while the router does not run. */
  routerUrl: string | null;
  /** Null while no engine is known. */
  enginePath: string | null;
}

export interface ConfigSources {
  stored: Config;
  /** What is stored with the flags and variables of this start laid over it. */
  inForce: Config;
  overrides: Partial<Config>;
  running: Running;
}

/** What waits for a start of its own before a change counts. */
const WAITS: { readonly [K in ConfigKey]?: ConfigRow['waitsFor'] } = {
  host: 'server',
  port: 'server',
  routerPort: 'router',
};

/** An address without a port is one of plain HTTP's own, 80. */
const portOf = (url: string | null): number | null => (url === null ? null : Number(new URL(url).port || 80));

const effectiveOf = (key: ConfigKey, { inForce, running }: ConfigSources): unknown => {
  if (key === 'host' || key === 'port') return running[key];
  if (key === 'routerPort') return portOf(running.routerUrl) ?? inForce.routerPort;
  // Only where nothing is named: a program that is named and cannot be used must not look as if it were in use.
  if (key === 'serverPath' && inForce.serverPath === '') return running.enginePath ?? '';
  return inForce[key];
};

export const configRows = (sources: ConfigSources): ConfigRow[] =>
  (Object.keys(CONFIG_KEYS) as ConfigKey[]).map((key) => {
    const requested = sources.stored[key];
    const effective = effectiveOf(key, sources);
    const overridden = Object.hasOwn(sources.overrides, key);
    const waits = !overridden && !isDeepStrictEqual(requested, effective) ? (WAITS[key] ?? null) : null;
    const source = overridden ? 'start' : isDeepStrictEqual(requested, CONFIG_KEYS[key].default) ? 'default' : 'stored';
    return { key, requested, effective, source, waitsFor: waits };
  });
