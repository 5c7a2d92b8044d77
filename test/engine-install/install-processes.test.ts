import { mkdtempSync } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { acquireInstallLock } from '../../src/io/engine/install-lock.ts';
import { findEngine, githubSource, installEngine } from '../../src/io/engine/index.ts';
import { startProgram, temporaryFolder } from '../data/children.ts';
import { engineArchive } from './fake-engine.ts';
import { startReleaseServer } from './release-server.ts';
import type { ReleaseServer } from './release-server.ts';

const programs = mkdtempSync(path.join(os.tmpdir(), 'llamactor-installer-'));
let dataDir: string;
let server: ReleaseServer;
let lockFolder: string;

beforeAll(async () => {
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: fileURLToPath(new URL('programs/installer.ts', import.meta.url)),
      outDir: programs,
      minify: false,
      rolldownOptions: { output: { entryFileNames: 'installer.mjs' } },
    },
  });
});
afterAll(() => fs.rm(programs, { recursive: true, force: true }));
beforeEach(async () => {
  dataDir = await temporaryFolder('installs');
  lockFolder = path.join(dataDir, 'run/installing');
  server = await startReleaseServer({ archive: engineArchive() });
});
afterEach(async () => {
  await server.close();
  await fs.rm(dataDir, { recursive: true, force: true });
});

const installHere = () =>
  installEngine({ dataDir, sources: [githubSource({ apiUrl: server.apiUrl, platform: 'linux', arch: 'x64' })] });
const installElsewhere = () => startProgram(path.join(programs, 'installer.mjs'), [dataDir, server.apiUrl]);
const find = () => findEngine({ dataDir, env: { PATH: '/usr/bin:/bin' } });
const unfinished = async () =>
  (await fs.readdir(path.join(dataDir, 'engines'))).filter((name) => name.startsWith('.tmp-'));
/** The lock as that process leaves it while it holds it. */
const putLock = async (pid: number, startTime: string | null = null) => {
  await fs.mkdir(lockFolder, { recursive: true });
  await fs.writeFile(path.join(lockFolder, '1'), JSON.stringify({ pid, startTime, released: false }));
};
const NOBODY = 2 ** 22 + 1;

it('installs once when several processes want it at the same time', async () => {
  const others = [installElsewhere(), installElsewhere()];
  const here = await Promise.all([installHere(), installHere()]);
  const outputs = await Promise.all(others.map((program) => program.ended.then(({ output }) => output.trim())));
  const paths = new Set([...here.map((engine) => engine.path), ...outputs]);
  // Who comes when the others are done installs again; nobody may see a half install or an error.
  for (const each of paths) expect(each).toMatch(/engines\/github-b4242-[0-9a-f]{8}\/llama-b4242\/llama-server$/);
  const engine = await find();
  expect(paths).toContain(engine?.path);
  expect(await unfinished()).toEqual([]);
});

it('shares one download among those who waited', async () => {
  const engines = await Promise.all([installHere(), installHere(), installHere()]);
  expect(new Set(engines.map((engine) => engine.path)).size).toBe(1);
  expect(server.fileRequests).toHaveLength(1);
});

it('never uses what an install left that was killed before its end', async () => {
  const marker = path.join(dataDir, 'pid');
  server.served.archive = engineArchive(`#!/bin/sh\necho $$ > '${marker}'$1\nexec sleep 300\n`);
  const program = installElsewhere();
  const pids = await vi.waitFor(
    async () => {
      const numbers = await Promise.all(
        ['--version', '--help'].map(async (flag) => Number(await fs.readFile(marker + flag, 'utf8'))),
      );
      expect(numbers.every((pid) => pid > 0)).toBe(true);
      return numbers;
    },
    { timeout: 30_000 },
  );
  program.child.kill('SIGKILL');
  await program.ended;
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  expect(await unfinished()).toHaveLength(1);
  expect(await find()).toBeNull();

  server.served.archive = engineArchive();
  const engine = await installHere();
  expect(await find()).toEqual(engine);
  expect(await unfinished()).toEqual([]);
});

it.each([
  ['a process that is dead', NOBODY, null],
  ['an earlier process with our own pid', process.pid, 'Thu Jan  1 00:00:00 1970'],
  ['an earlier process whose pid is in use again', process.ppid, 'Thu Jan  1 00:00:00 1970'],
])('takes over the lock of %s', async (_whose, pid, startTime) => {
  await putLock(pid, startTime);
  expect(await installHere()).toMatchObject({ build: 11669 });
  expect(await unfinished()).toEqual([]);
});

it('waits for a living process, until cancelled or out of time', async () => {
  await putLock(process.ppid);
  await expect(acquireInstallLock(lockFolder, new AbortController().signal, 300)).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: expect.stringContaining(`process ${process.ppid}`) as string,
  });
  const controller = new AbortController();
  const waiting = acquireInstallLock(lockFolder, controller.signal, 60_000);
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow(/enough|aborted/);
  expect(await fs.readdir(lockFolder)).toEqual(['1']);
});

it('lets exactly one of many hold a lock that was left behind', async () => {
  await putLock(NOBODY);
  let holders = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const release = await acquireInstallLock(lockFolder, new AbortController().signal, 30_000);
      holders += 1;
      most = Math.max(most, holders);
      await new Promise((resolve) => setImmediate(resolve));
      holders -= 1;
      await release();
    }),
  );
  expect(most).toBe(1);
});
