/** A server for contract tests: the real transports over services that the caller chooses. */
import type { AddressInfo } from 'node:net';
import { createAccess } from '../../src/commands/access.ts';
import type { AccessOptions } from '../../src/commands/access.ts';
import { createRegistry } from '../../src/commands/registry.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { Keyring } from '../../src/contracts/keys.ts';
import { digests } from '../../src/io/keys/secret.ts';
import { attachSockets } from '../../src/sockets/server.ts';
import type { Services } from '../../src/commands/services.ts';
import type { Authorise } from '../../src/commands/registry.ts';
import { createMemoryServices } from './memory-services.ts';
import type { MemoryServices } from './memory-services.ts';

/** What a contract suite needs to know about the server it tests, whatever stands behind it. */
export interface TestServer {
  url: string;
  services: Services;
  /** Names of models that load. */
  models: readonly [string, string, string];
  /** Name of a model whose load fails. */
  broken: string;
  /** Ends a loaded model's process from outside. */
  crash(name: string): void;
  /** Puts a model file where the next scan finds it. */
  addFile(name: string): Promise<void>;
  close(): Promise<void>;
}

export type ServerFactory = () => Promise<TestServer>;

export interface TransportOptions {
  services: Services;
  webDir?: string | null;
  routerUrl?: () => string | null;
  allowedHosts?: string[];
  allowedOrigins?: string[];
  authorise?: Authorise;
  /** The keys that count; without it nobody has one and nobody needs one. */
  keyring?: Keyring;
  /** Whose users' tokens count. */
  verify?: AccessOptions['verify'];
}

/** HTTP and sockets on a free port of 127.0.0.1. */
export const startTransports = async (options: TransportOptions) => {
  const {
    services,
    webDir = null,
    routerUrl = () => null,
    allowedHosts = [],
    allowedOrigins = [],
    keyring = new Keyring(digests),
  } = options;
  const access = createAccess(keyring, options.verify === undefined ? {} : { verify: options.verify });
  const registry = createRegistry(services, options.authorise ?? access.authorise);
  const rules = { allowedHosts: () => allowedHosts, allowedOrigins: () => allowedOrigins };
  const http = createHttpServer({ services, registry, access, webDir, routerUrl, usersKey: 'lla_users', ...rules });
  const sockets = attachSockets(http, { services, registry, access, rules, version: '0.0.0' });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    http,
    io: sockets.io,
    close: async () => {
      await sockets.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
};

/** A contract server over services in memory. */
export const startTestServer = async (): Promise<TestServer & { services: MemoryServices }> => {
  const services = createMemoryServices(['alpha.gguf', 'beta.gguf', 'gamma.gguf', 'broken.gguf']);
  services.control.failAlways('load', 'broken', 'The file is damaged.');
  const { keys, tokens } = services.control;
  const { url, close } = await startTransports({ services, keyring: keys.ring, verify: tokens.verify });
  return {
    url,
    services,
    models: ['alpha.gguf', 'beta.gguf', 'gamma.gguf'],
    broken: 'broken.gguf',
    crash: (name) => services.control.crash(name.replace('.gguf', '')),
    addFile: (name) => Promise.resolve(services.control.addFile(name)),
    close,
  };
};
