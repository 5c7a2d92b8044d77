/** The whole server, composed: runtime, commands, HTTP and sockets. Nothing happens before `createApp` is called. */
import { existsSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAccess } from './commands/access.ts';
import { createRegistry } from './commands/registry.ts';
import type { Services } from './commands/services.ts';
import { isCommandName } from './contracts/commands.ts';
import { CONFIG_KEYS } from './contracts/config.ts';
import type { Config } from './contracts/config.ts';
import { CodedError } from './contracts/errors.ts';
import { createHttpServer } from './http/server.ts';
import { openRuntime } from './runtime/runtime.ts';
import type { RuntimeOptions } from './runtime/runtime.ts';
import { attachSockets } from './sockets/server.ts';

export interface AppOptions {
  host: string;
  /** 0 lets the system choose, as for `routerPort`. */
  port: number;
  routerPort: number;
  dataDir: string;
  /** Folders to search for models; null leaves them to the configuration. */
  modelsDirs: string[] | null;
  /** The llama-server to run; null leaves it to the configuration. */
  enginePath: string | null;
  /** Serve the dashboard. */
  web: boolean;
  /** False: whoever reaches the server may do everything. True by default: beyond this machine a key is needed. */
  auth?: boolean;
  env?: NodeJS.ProcessEnv;
  /** Install an engine when none is found; true by default. */
  autoInstall?: boolean;
  policy?: RuntimeOptions['policy'];
  downloadPolicy?: RuntimeOptions['downloadPolicy'];
  webhookPolicy?: RuntimeOptions['webhookPolicy'];
  stall?: RuntimeOptions['stall'];
  freeMemory?: RuntimeOptions['freeMemory'];
}

export interface App {
  /** Resolves when the control plane listens and the first scan is done; rejects with a CodedError. */
  start(): Promise<void>;
  /** Drains within its own deadline, then ends every process it started. Safe to call twice. */
  stop(reason: string): Promise<void>;
  /** Origin of the control plane; final after `start`. */
  readonly url: string;
  /** Origin of the inference API. */
  readonly routerUrl: string;
  readonly services: Services;
  /** Hears of a failure after which the server cannot go on. */
  onFatal(listener: (error: unknown) => void): void;
}

/** The nearest folder upwards that holds package.json: the package, seen from src/ as from dist/. */
const packageRoot = (): string => {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'package.json')) && path.dirname(folder) !== folder)
    folder = path.dirname(folder);
  return folder;
};

const EVENTS_PER_MINUTE = 'LLAMACTOR_CHANNEL_EVENTS_PER_MINUTE';

/** The limit of channel and log events, where the environment sets it. Throws INVALID_PAYLOAD for what is no such number. */
const limitFrom = (env: NodeJS.ProcessEnv): Partial<Config> => {
  const text = env[EVENTS_PER_MINUTE]?.trim() ?? '';
  if (text === '') return {};
  const parsed = CONFIG_KEYS.channelEventsPerMinute.schema.safeParse(Number(text));
  if (parsed.success) return { channelEventsPerMinute: parsed.data };
  throw new CodedError(
    'INVALID_PAYLOAD',
    `${EVENTS_PER_MINUTE} must be a whole number, 0 for no limit, but is "${text}".`,
  );
};

const versionOf = (root: string): string => {
  const parsed: unknown = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : '0';
};

/** Opens the data folder and composes the server without starting anything; rejects with a CodedError. */
export const createApp = async (options: AppOptions): Promise<App> => {
  const root = packageRoot();
  const version = versionOf(root);
  const [modelsDir, ...modelsDirs] = options.modelsDirs ?? [];
  const overrides: Partial<Config> = {
    host: options.host,
    port: options.port,
    routerPort: options.routerPort,
    ...(modelsDir === undefined ? {} : { modelsDir, modelsDirs }),
    ...(options.enginePath === null ? {} : { serverPath: options.enginePath }),
    ...limitFrom(options.env ?? process.env),
  };
  const runtime = await openRuntime({
    dataDir: options.dataDir,
    version,
    routerScript: path.join(root, 'dist', 'router.js'),
    program: [process.execPath, path.join(root, 'dist', 'llamactor.js')],
    overrides,
    auth: options.auth ?? true,
    env: options.env ?? process.env,
    autoInstall: options.autoInstall ?? true,
    ...(options.policy && { policy: options.policy }),
    ...(options.downloadPolicy && { downloadPolicy: options.downloadPolicy }),
    ...(options.webhookPolicy && { webhookPolicy: options.webhookPolicy }),
    ...(options.stall && { stall: options.stall }),
    ...(options.freeMemory && { freeMemory: options.freeMemory }),
  });
  const { services } = runtime;
  const rules = {
    allowedHosts: () => services.config.get().allowedHosts,
    allowedOrigins: () => services.config.get().allowedOrigins,
  };
  const access = createAccess(runtime.keyring, { used: runtime.keyUsed, verify: runtime.verifyUser });
  const registry = createRegistry(services, access.authorise);
  runtime.answerRouter(async (command, payload, key) => {
    if (!isCommandName(command)) {
      const message = `There is no command ${JSON.stringify(command)} here.`;
      return { ok: false, error: { code: 'NOT_FOUND', message, details: { unknownCommand: command } } };
    }
    const outcome = await registry.execute(command, payload, {
      by: 'router',
      style: 'http',
      principal: { key, user: null },
    });
    if (outcome.ok) return outcome;
    const { code, message, retryAfter, details } = outcome.error;
    return { ok: false, error: { code, message, retryAfter, details } };
  });
  const webDir = options.web ? path.join(root, 'dist', 'web') : null;
  const http = createHttpServer({
    services,
    registry,
    access,
    webDir,
    usersKey: runtime.usersKey,
    routerUrl: () => services.router.view().url,
    ...rules,
  });
  const sockets = attachSockets(http, { services, registry, access, rules, version });
  runtime.countSockets(() => sockets.io.sockets.sockets.size + sockets.io.of('/llamaproxws').sockets.size);
  const fatal = new Set<(error: unknown) => void>();
  let stopped: Promise<void> | null = null;
  let listening = false;

  const stop = async (): Promise<void> => {
    // The dashboard watches the drain; what it asks meanwhile is refused by the machines.
    await runtime.drain();
    await sockets.close();
    if (listening) await closed(http);
    await runtime.close();
  };

  return {
    async start() {
      await listen(http, options.host, options.port);
      listening = true;
      http.on('error', (error) => {
        for (const listener of fatal) listener(error);
      });
      await runtime.start();
    },
    stop() {
      stopped ??= stop();
      return stopped;
    },
    get url() {
      return originOf(http, options);
    },
    get routerUrl() {
      return services.router.view().url ?? `http://${forUrl(options.host)}:${options.routerPort}`;
    },
    services,
    onFatal: (listener) => void fatal.add(listener),
  };
};

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        new CodedError(
          'INVALID_STATE',
          taken
            ? `Port ${port} on ${host} is in use; stop the program that has it, or choose another with --port.`
            : `Cannot listen on ${host}:${port}: ${error.message}`,
        ),
      );
    });
    server.listen({ port, host }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

const forUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** Where a browser on this machine finds it: a wildcard address is not one it can open. */
const originOf = (server: Server, options: AppOptions): string => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const host = ['0.0.0.0', '::', '127.0.0.1', '::1'].includes(options.host) ? 'localhost' : forUrl(options.host);
  return `http://${host}:${port}`;
};
