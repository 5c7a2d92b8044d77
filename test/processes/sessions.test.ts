/** Sessions of the built product under kill -9: what was acknowledged is there, and no browser is left. */
import { readdir, readFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connect } from '../../src/client/index.ts';
import type { LlamactorClient } from '../../src/client/index.ts';
import type { SessionEntryView } from '../../src/contracts/sessions.ts';
import { findChromium } from '../support/chromium.ts';
import { FAKE_ENGINE } from '../support/fake-app.ts';
import { serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';

let dataDir: string;
let served: Served;
let client: LlamactorClient;
let site: Server;
let origin: string;
const begin = async (): Promise<void> => {
  served = await serve({ dataDir, args: ['--no-web'], env: { LLAMACTOR_ENGINE_PATH: FAKE_ENGINE } });
  client = await connect({ url: served.url });
};
const kill = async (): Promise<void> => {
  served.child.kill('SIGKILL');
  await served.exited;
  client.close();
};
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'llamactor-sessions-'));
  site = createServer((_request, response) => void response.end('<title>Shop</title>Shop'));
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  await begin();
  const { executablePath } = await findChromium();
  await client.call('config:update', {
    config: {
      'sessions.browser': executablePath,
      'sessions.allowPrivate': [origin.slice('http://'.length)],
      // The shop is no model, so every session ends with that cause once its browser is open.
      'sessions.endpoint': `${origin}/v1`,
    },
  });
});
afterEach(async () => {
  await kill();
  site.closeAllConnections();
  await new Promise((resolve) => site.close(resolve));
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

/** Processes whose command line speaks of this data folder, without the server's own. */
const browsers = async (): Promise<number[]> => {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(path.join(dataDir, 'sessions'))) found.push(Number(name));
  }
  return found;
};
const transcript = async (id: string): Promise<SessionEntryView[]> =>
  (await client.call('sessions:transcript', { id })).entries;
/** Resolves when its browser has the page and its model has failed. */
const start = async (prompt: string): Promise<string> => {
  const { session } = await client.call('sessions:start', { prompt, startUrl: `${origin}/` });
  await expect
    .poll(async () => (await client.call('sessions:get', { id: session.id })).session, { timeout: 60_000 })
    .toMatchObject({ status: 'error', errorCode: 'MODEL_FAILED', page: { title: 'Shop' } });
  return session.id;
};

it('the instruction, the end and a further instruction are there after it, and no browser is', async () => {
  const id = await start('Buy a cup.');
  expect((await browsers()).length).toBeGreaterThan(0);
  const told = await transcript(id);
  const { session: going } = await client.call('sessions:continue', { id, prompt: 'Buy two.' });
  expect(going.status).not.toBe('error');
  await kill();
  await expect.poll(browsers, { timeout: 10_000 }).toEqual([]);
  await begin();
  const entries = await transcript(id);
  expect(entries.slice(0, told.length)).toEqual(told);
  expect(entries).toContainEqual(expect.objectContaining({ kind: 'instruction', text: 'Buy two.' }));
  const { session } = await client.call('sessions:get', { id });
  expect(session).toMatchObject({ status: 'error', page: { url: `${origin}/` } });
  expect(['INTERRUPTED', 'MODEL_FAILED']).toContain(session.errorCode);
}, 120_000);

it('cancel and remove leave no browser, nor does the end of the server', async () => {
  const [first, second] = [await start('One.'), await start('Two.')];
  await client.call('sessions:remove', { id: first });
  await expect.poll(async () => (await readdir(path.join(dataDir, 'sessions'))).sort()).toEqual([second]);
  expect((await browsers()).length).toBeGreaterThan(0);
  served.child.kill('SIGTERM');
  await served.exited;
  expect(await browsers()).toEqual([]);
  client.close();
  await begin();
  expect((await client.call('sessions:list', {})).sessions.map(({ id }) => id)).toEqual([second]);
}, 120_000);
