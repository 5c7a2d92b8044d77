/** The whole server in this process, without a router, whose runs are done by `fake-agent.mjs`; users and somebody without a name. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { createApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import { CONFIG_KEYS } from '../../src/contracts/config.ts';
import type { Config } from '../../src/contracts/config.ts';
import { connectClient, fence } from './socket-client.ts';
import type { TestClient } from './socket-client.ts';

export const FAKE_AGENT = resolve(import.meta.dirname, 'fake-agent.mjs');
export const AGENT_COMMAND = `${process.execPath} ${FAKE_AGENT}`;

/** A prompt for the agent. */
export type Step = ['out' | 'err' | 'hold' | 'fork', string] | ['bytes' | 'exit', number] | ['ignore' | 'env' | 'cwd'];
export const steps = (...list: Step[]): string => JSON.stringify(list);

export interface RunsApp {
  app: App;
  url: string;
  folder: string;
  dataDir: string;
  /** A path in a folder of the test's own. */
  file(name: string): string;
  touch(name: string): Promise<void>;
  user(userId: string): Promise<TestClient>;
  anonymous(): Promise<TestClient>;
  /** Nobody of these has heard anything that holds one of the words, and nothing of it is on its way. */
  heardNothing(clients: readonly TestClient[], ...words: string[]): Promise<void>;
  stop(): Promise<void>;
}

export const startRunsApp = async (
  options: { config?: Partial<Config>; env?: NodeJS.ProcessEnv; web?: boolean } = {},
): Promise<RunsApp> => {
  const folder = await mkdtemp(join(tmpdir(), 'llamactor-runs-'));
  const dataDir = join(folder, 'data');
  await mkdir(dataDir, { recursive: true });
  const defaults = Object.fromEntries(Object.entries(CONFIG_KEYS).map(([key, entry]) => [key, entry.default]));
  const data = { ...defaults, autoStart: false, 'runs.directories': [folder], ...options.config };
  await writeFile(join(dataDir, 'config.json'), JSON.stringify({ version: 1, data }));
  const app = await createApp({
    host: '127.0.0.1',
    port: 0,
    routerPort: 0,
    dataDir,
    modelsDirs: [join(folder, 'models')],
    enginePath: null,
    web: options.web ?? false,
    autoInstall: false,
    env: { PATH: process.env['PATH'], HOME: folder, LLAMACTOR_RUNS_COMMAND: AGENT_COMMAND, ...options.env },
  });
  await mkdir(join(folder, 'models'), { recursive: true });
  await app.start();
  const url = app.url.replace('localhost', '127.0.0.1');
  const clients: TestClient[] = [];
  const connected = async (auth: Record<string, unknown>): Promise<TestClient> => {
    const client = await connectClient(url, { auth });
    clients.push(client);
    return client;
  };
  return {
    app,
    url,
    folder,
    dataDir,
    file: (name) => join(folder, name),
    touch: (name) => writeFile(join(folder, name), ''),
    async user(userId) {
      const wanted = { userId, email: null, scopes: ['operate' as const], expiresAt: null };
      const { token } = await app.services.tokens.create(wanted, 'test');
      const client = await connected({ token });
      await client.waitFor('authenticated', (payload) => payload['userId'] === userId);
      return client;
    },
    anonymous: () => connected({}),
    async heardNothing(bystanders, ...words) {
      await fence((message) => app.services.logs.write('info', 'server', message), bystanders);
      for (const { received } of bystanders)
        for (const word of words) expect(JSON.stringify(received)).not.toContain(word);
    },
    async stop() {
      for (const client of clients) client.close();
      await app.stop('the test is over');
      await rm(folder, { recursive: true, force: true });
    },
  };
};
