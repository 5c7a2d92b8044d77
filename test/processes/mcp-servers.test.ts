/** Servers of tools over the built product: they end with it, however it ends, and their definitions stay. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { connect } from '../../src/client/index.ts';
import type { LlamactorClient } from '../../src/client/index.ts';
import { gone, isRunning } from '../support/fake-app.ts';
import { serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';

const SERVER = resolve(import.meta.dirname, '../support/mcp-server.mjs');
let folder: string;
let running: Served[];
let clients: LlamactorClient[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-mcp-'));
  [running, clients] = [[], []];
});
afterEach(async () => {
  for (const client of clients) client.close();
  for (const { child } of running) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const journal = (): string => join(folder, 'journal');
const start = async (): Promise<{ served: Served; client: LlamactorClient }> => {
  const served = await serve({
    dataDir: join(folder, 'data'),
    args: ['--no-web'],
    env: { LLAMACTOR_ENGINE_PATH: process.execPath },
  });
  running.push(served);
  const client = await connect({ url: served.url });
  clients.push(client);
  return { served, client };
};
/** All processes that servers of tools have noted down. */
const pids = async (): Promise<number[]> =>
  [...(await readFile(journal(), 'utf8')).matchAll(/^(?:started|grandchild) (\d+)$/gm)].map(([, pid]) => Number(pid));
const save = (client: LlamactorClient, name: string, fault: string, autoStart = false) =>
  client.call('mcp:save', {
    name,
    server: {
      command: process.execPath,
      args: [SERVER, fault, journal()],
      env: { FILES_TOKEN: 'sesame-open' },
      autoStart,
    },
  });

it('kill -9 of the server leaves none of them, also not what they started or what does not want to leave', async () => {
  const { served, client } = await start();
  await save(client, 'files', 'grandchild', true);
  await save(client, 'stubborn', 'stubborn');
  await client.call('mcp:start', { server: 'files' });
  const starting = client.call('mcp:start', { server: 'stubborn' }).catch(() => null);
  await vi.waitFor(async () => expect((await pids()).filter(isRunning)).toHaveLength(3), { timeout: 20_000 });
  const before = await pids();
  served.child.kill('SIGKILL');
  await served.exited;
  await starting;
  await Promise.all(before.map((pid) => gone(pid, 5000)));

  // The definitions are there again, and what is started with the server runs.
  const again = await start();
  const { servers } = await again.client.call('mcp:list', {});
  expect(servers.map(({ name }) => name)).toEqual(['files', 'stubborn']);
  expect(JSON.stringify(servers)).not.toContain('sesame-open');
  await vi.waitFor(
    async () => {
      const now = await again.client.call('mcp:list', {});
      expect(now.servers[0]?.state).toBe('ready');
    },
    { timeout: 20_000 },
  );
  const { actors } = await again.client.call('inspector:actors', {});
  expect(actors.find(({ name }) => name === 'mcp:files')).toMatchObject({ machine: 'mcp-server', state: 'ready' });
  expect(JSON.stringify(actors)).not.toContain('sesame-open');

  const last = (await pids()).filter(isRunning);
  expect(last).toHaveLength(2);
  again.served.child.kill('SIGTERM');
  await again.served.exited;
  await Promise.all(last.map((pid) => gone(pid, 5000)));
});
