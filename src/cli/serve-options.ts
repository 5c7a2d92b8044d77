import type { Config } from '../contracts/config.ts';
import { isLoopback } from '../contracts/origins.ts';
import { expandPath, resolveDataDir } from './data-dir.ts';
import type { Place } from './data-dir.ts';
import { UsageError } from './exit.ts';

/** As commander delivers them; a flag that was not given is absent. */
export interface ServeFlags {
  port?: string;
  routerPort?: string;
  host?: string;
  dataDir?: string;
  modelsDir?: string[];
  web?: boolean;
  events?: boolean;
  auth?: boolean;
}

export interface ServeOptions {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  routerPort: number;
  dataDir: string;
  /** Folders from flags or the environment, absolute; null leaves the choice to the configuration. */
  modelsDirs: string[] | null;
  /** From LLAMACTOR_ENGINE_PATH; null leaves the choice to the configuration. */
  enginePath: string | null;
  /** Serve the dashboard. */
  web: boolean;
  /** JSON lines of changes and decisions on stdout. */
  events: boolean;
  /** False: whoever reaches the port may do everything. */
  auth: boolean;
  /** Nobody gets in without a key: it listens beyond this machine, or the configuration says so. */
  keysNeeded: boolean;
}

const given = (value: string | undefined): string | null =>
  value === undefined || value.trim() === '' ? null : value.trim();

const parsePort = (text: string, name: string): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new UsageError(`${name} must be a port from 0 to 65535, but is "${text}".`);
  return port;
};

const choosePort = (
  flag: string | undefined,
  flagName: string,
  variable: string | undefined,
  variableName: string,
  configured: number | undefined,
  fallback: number,
): number => {
  const fromFlag = given(flag);
  if (flag !== undefined) return parsePort(fromFlag ?? '', flagName);
  const fromEnvironment = given(variable);
  if (fromEnvironment !== null) return parsePort(fromEnvironment, variableName);
  return configured ?? fallback;
};

const parseHost = (text: string, name: string): string => {
  // Brackets belong to URLs; what is listened on is the bare address.
  const bare = /^\[(.+)\]$/.exec(text)?.[1] ?? text;
  if (!/^[\w.:%-]{1,253}$/.test(bare))
    throw new UsageError(`${name} must be an address or host name, but is "${text}".`);
  return bare;
};

/** Flag over environment over configuration over default. Throws a UsageError that names the setting at fault. */
export const resolveServeOptions = (flags: ServeFlags, place: Place, config: Partial<Config>): ServeOptions => {
  const { env } = place;
  const port = choosePort(flags.port, '--port', env['PORT'], 'PORT', config.port, 3000);
  const routerPort = choosePort(
    flags.routerPort,
    '--router-port',
    env['ROUTER_PORT'],
    'ROUTER_PORT',
    config.routerPort,
    8080,
  );
  if (port !== 0 && port === routerPort) {
    throw new UsageError(
      `The dashboard and the inference API cannot share port ${port}; change --port or --router-port.`,
    );
  }
  const hostFlag = flags.host === undefined ? null : parseHost(flags.host.trim(), '--host');
  const hostVariable = given(env['HOST']);
  const host =
    hostFlag ?? (hostVariable === null ? null : parseHost(hostVariable, 'HOST')) ?? config.host ?? '127.0.0.1';
  const auth = flags.auth !== false;
  const delimiter = place.platform === 'win32' ? ';' : ':';
  const folders = flags.modelsDir ?? given(env['LLAMACTOR_MODELS_DIR'])?.split(delimiter);
  const modelsDirs = folders?.map((folder) => folder.trim()).filter((folder) => folder !== '') ?? [];
  const enginePath = given(env['LLAMACTOR_ENGINE_PATH']);
  return {
    host,
    port,
    routerPort,
    dataDir: resolveDataDir(flags.dataDir, place),
    modelsDirs: modelsDirs.length === 0 ? null : [...new Set(modelsDirs.map((folder) => expandPath(folder, place)))],
    enginePath: enginePath === null ? null : expandPath(enginePath, place),
    web: flags.web !== false,
    events: flags.events === true,
    auth,
    keysNeeded: auth && (!isLoopback(host) || config.requireKeys === true),
  };
};
