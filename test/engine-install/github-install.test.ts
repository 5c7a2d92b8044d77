import fs from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findEngine, githubSource, installEngine } from '../../src/io/engine/index.ts';
import type { EngineProgress } from '../../src/io/engine/index.ts';
import { temporaryFolder } from '../data/children.ts';
import { engineArchive, engineScript, OLD_VERSION, tarGz } from './fake-engine.ts';
import { ASSET, startReleaseServer } from './release-server.ts';
import type { ReleaseServer, Served } from './release-server.ts';

let dataDir: string;
let server: ReleaseServer | undefined;
beforeEach(async () => {
  dataDir = await temporaryFolder('install');
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await fs.rm(dataDir, { recursive: true, force: true });
});

const serve = async (served: Partial<Served> = {}): Promise<ReleaseServer> => {
  await server?.close();
  server = await startReleaseServer({ archive: engineArchive(), ...served });
  return server;
};
const install = (
  apiUrl: string,
  options: { signal?: AbortSignal; onProgress?: (progress: EngineProgress) => void } = {},
) => installEngine({ dataDir, sources: [githubSource({ apiUrl, platform: 'linux', arch: 'x64' })], ...options });
const find = () => findEngine({ dataDir, env: { PATH: '/usr/bin:/bin' } });
const inEngines = async (folder = '') => (await fs.readdir(path.join(dataDir, 'engines', folder))).sort();
/** Nothing that could be taken for an engine, and nothing unfinished. */
const expectNothingInstalled = async () => {
  expect(await inEngines()).toEqual(['downloads']);
  expect(await find()).toBeNull();
};

describe('a release', () => {
  it('is downloaded, verified, unpacked, probed and used', async () => {
    const progress: EngineProgress[] = [];
    const { apiUrl } = await serve();
    const engine = await install(apiUrl, { onProgress: (each) => progress.push(each) });
    expect(engine).toMatchObject({
      source: 'installed',
      version: '0.7.0',
      build: 11669,
      prefixArgs: [],
      command: engine.path,
    });
    expect(engine.path).toMatch(/engines\/github-b4242-[0-9a-f]{8}\/llama-b4242\/llama-server$/);
    expect(await fs.readlink(path.join(path.dirname(engine.path), 'libllama.so'))).toBe('libllama.so.0.1');
    expect(await find()).toEqual(engine);
    expect(await inEngines('downloads')).toEqual([]);
    expect((await inEngines()).filter((name) => name.startsWith('.tmp'))).toEqual([]);
    expect(progress[0]).toEqual({
      stage: 'asking GitHub for the newest llama.cpp',
      percent: null,
      receivedBytes: 0,
      totalBytes: null,
    });
  });

  it('counts bytes while they come', async () => {
    const { apiUrl, served } = await serve({ archive: engineArchive(engineScript(), 300_000), stallAfter: 100_000 });
    const progress: EngineProgress[] = [];
    const controller = new AbortController();
    const running = install(apiUrl, { signal: controller.signal, onProgress: (each) => progress.push(each) });
    running.catch(() => undefined);
    await vi.waitFor(() => expect(progress.at(-1)).toMatchObject({ receivedBytes: 100_000 }), { timeout: 20_000 });
    controller.abort();
    await expect(running).rejects.toThrow('aborted');
    const totalBytes = served.archive.length;
    const percent = Math.floor(10_000_000 / totalBytes);
    expect(progress.at(-1)).toEqual({ stage: `downloading ${ASSET}`, percent, receivedBytes: 100_000, totalBytes });
  });

  it('replaces the one before, which stays for the models that run from it', async () => {
    const first = await install((await serve()).apiUrl);
    const second = await install((await serve({ archive: engineArchive(engineScript(OLD_VERSION)) })).apiUrl);
    expect(second.path).not.toBe(first.path);
    expect(await find()).toMatchObject({ path: second.path, build: 6469 });
    await fs.access(first.path);
    await install((await serve()).apiUrl);
    await expect(fs.access(first.path)).rejects.toThrow('ENOENT');
    await fs.access(second.path);
  });
});

describe('a release that cannot be trusted', () => {
  it.each([
    ['a wrong sha256', { digest: `sha256:${'0'.repeat(64)}` }, /does not have the size and sha256/],
    ['no digest', { digest: null }, /has no sha256 digest, so it cannot be verified/],
    [
      'an entry that climbs out',
      {
        archive: tarGz([
          { name: 'llama/../../evil', content: 'x' },
          { name: 'llama-server', content: engineScript() },
        ]),
      },
      /the entry "llama\/..\/..\/evil"/,
    ],
    [
      'an absolute entry',
      {
        archive: tarGz([
          { name: '/tmp/llamactor-evil', content: 'x' },
          { name: 'llama-server', content: engineScript() },
        ]),
      },
      /the entry "\/tmp\/llamactor-evil"/,
    ],
    [
      'a link that leads out',
      {
        archive: tarGz([
          { name: 'bin/out', linkTo: '../../../..' },
          { name: 'bin/llama-server', content: engineScript() },
        ]),
      },
      /the link "bin\/out", which points outside/,
    ],
  ])('because of %s is not used', async (_why, served, message) => {
    const { apiUrl } = await serve(served);
    await expect(install(apiUrl)).rejects.toMatchObject({
      code: 'ENGINE_MISSING',
      message: expect.stringMatching(message) as string,
    });
    expect((await inEngines()).filter((name) => name !== 'downloads')).toEqual([]);
    expect(await find()).toBeNull();
    await expect(fs.access('/tmp/llamactor-evil')).rejects.toThrow('ENOENT');
  });

  it('and a wrong file is not kept for later', async () => {
    const { apiUrl, served } = await serve({ digest: `sha256:${'0'.repeat(64)}` });
    await expect(install(apiUrl)).rejects.toThrow('sha256');
    expect(await inEngines('downloads')).toEqual([]);
    delete served.digest;
    expect(await install(apiUrl)).toMatchObject({ build: 11669 });
  });
});

describe('a release that cannot be used', () => {
  it.each([
    ['the file is gone', { fileStatus: 404 }, /answered 404 for llama-b4242/],
    ['the API refuses', { apiStatus: 403 }, /answered 403 because its hourly limit/],
    ['nothing fits this machine', { assetName: 'llama-b4242-bin-macos-arm64.tar.gz' }, /no archive for linux on x64/],
    [
      'a GPU build is all there is',
      { assetName: 'llama-b4242-bin-ubuntu-vulkan-x64.tar.gz' },
      /no archive for linux on x64/,
    ],
    [
      'the program is not in it',
      { archive: tarGz([{ name: 'README', content: 'x' }]) },
      /the archive holds no llama-server/,
    ],
    ['it is no archive', { archive: Buffer.from('hello') }, /tar could not unpack the archive/],
    [
      'it does not run',
      { archive: engineArchive('#!/bin/sh\necho bad CPU >&2\nexit 4\n') },
      /exit code 4 and said "bad CPU"/,
    ],
  ])('because %s says so', async (_why, served, message) => {
    const { apiUrl } = await serve(served);
    await expect(install(apiUrl)).rejects.toMatchObject({
      code: 'ENGINE_MISSING',
      message: expect.stringMatching(message) as string,
    });
    await expectNothingInstalled();
  });

  it('leaves the engine that was installed before in use', async () => {
    const engine = await install((await serve()).apiUrl);
    await expect(install((await serve({ fileStatus: 500 })).apiUrl)).rejects.toThrow('answered 500');
    expect(await find()).toEqual(engine);
  });

  it('lets the next source try, and names every failure when none is left', async () => {
    const { apiUrl } = await serve({ fileStatus: 404 });
    const other = { name: 'the other source', fetch: () => Promise.reject(new Error('out of stock')) };
    const github = githubSource({ apiUrl, platform: 'linux', arch: 'x64' });
    const gone = githubSource({ apiUrl: 'http://127.0.0.1:1' });
    await expect(installEngine({ dataDir, sources: [github, gone, other] })).rejects.toMatchObject({
      code: 'ENGINE_MISSING',
      message: expect.stringMatching(
        /answered 404.*127\.0\.0\.1:1 cannot be reached.*the other source: out of stock/,
      ) as string,
      details: { sources: [{}, {}, { source: 'the other source', problem: 'out of stock' }] },
    });
    delete server?.served.fileStatus;
    expect(await installEngine({ dataDir, sources: [gone, other, github] })).toMatchObject({ build: 11669 });
  });
});

describe('a download that is cut', () => {
  const archive = engineArchive(engineScript(), 300_000);

  it('goes on where it ended', async () => {
    const { apiUrl, fileRequests } = await serve({ archive, cuts: [100_000, 50_000] });
    expect(await install(apiUrl)).toMatchObject({ build: 11669 });
    expect(fileRequests.length).toBe(3);
    expect(fileRequests[0]).toEqual({ range: null, ifRange: null });
    for (const request of fileRequests.slice(1)) {
      expect(request).toMatchObject({ range: expect.stringMatching(/^bytes=\d{4,}-$/) as string, ifRange: '"v1"' });
    }
  });

  it('gives up when it brings nothing more, and the next install takes up what is there', async () => {
    const { apiUrl, served, fileRequests } = await serve({ archive, cuts: [200_000, 0] });
    await expect(install(apiUrl)).rejects.toThrow(/was cut after \d+ of \d+ bytes/);
    expect(await inEngines('downloads')).toEqual([`${ASSET}.partial`, `${ASSET}.partial.json`]);
    expect(await find()).toBeNull();
    delete served.cuts;
    expect(await install(apiUrl)).toMatchObject({ build: 11669 });
    expect(fileRequests.at(-1)).toMatchObject({ ifRange: '"v1"' });
    expect(await inEngines('downloads')).toEqual([]);
  });

  it('starts again when the server has another file, or knows no ranges', async () => {
    const { apiUrl, served } = await serve({ archive, cuts: [200_000, 0] });
    await expect(install(apiUrl)).rejects.toThrow('was cut');
    Object.assign(served, { etag: '"v2"', cuts: undefined });
    expect(await install(apiUrl)).toMatchObject({ build: 11669 });

    const other = await serve({ archive, cuts: [200_000, 0], ignoresRange: true });
    await expect(install(other.apiUrl)).rejects.toThrow('was cut');
    delete other.served.cuts;
    expect(await install(other.apiUrl)).toMatchObject({ build: 11669 });
  });

  it('drops a part of another release, and one that was damaged on disk', async () => {
    const { apiUrl, served, fileRequests } = await serve({ archive, cuts: [200_000, 0] });
    await expect(install(apiUrl)).rejects.toThrow('was cut');
    Object.assign(served, {
      archive: engineArchive(engineScript(OLD_VERSION), 300_000),
      cuts: [undefined, undefined, 200_000, 0],
    });
    fileRequests.length = 2;
    await expect(install(apiUrl)).rejects.toThrow('was cut');
    expect(fileRequests[2]).toEqual({ range: null, ifRange: null });

    const partial = path.join(dataDir, 'engines/downloads', `${ASSET}.partial`);
    await fs.writeFile(partial, Buffer.alloc((await fs.stat(partial)).size));
    delete served.cuts;
    expect(await install(apiUrl)).toMatchObject({ build: 6469 });
    expect(fileRequests.at(-1)).toEqual({ range: null, ifRange: null });
  });
});

describe('a cancelled install', () => {
  it('ends at once in the middle of a download and leaves nothing but the part received', async () => {
    const { apiUrl, fileRequests } = await serve({
      archive: engineArchive(engineScript(), 300_000),
      stallAfter: 100_000,
    });
    const controller = new AbortController();
    const reason = new Error('not now');
    const running = install(apiUrl, { signal: controller.signal });
    await vi.waitFor(() => expect(fileRequests).toHaveLength(1), { timeout: 20_000 });
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    await expectNothingInstalled();
  });

  it('kills what it had started', async () => {
    const pidFile = path.join(dataDir, 'pid');
    const { apiUrl } = await serve({ archive: engineArchive(`#!/bin/sh\necho $$ > '${pidFile}'$1\nexec sleep 300\n`) });
    const controller = new AbortController();
    const running = install(apiUrl, { signal: controller.signal });
    running.catch(() => undefined);
    const pids = await vi.waitFor(
      async () => {
        const texts = await Promise.all(['--version', '--help'].map((flag) => fs.readFile(pidFile + flag, 'utf8')));
        const numbers = texts.map(Number);
        expect(numbers.every((pid) => pid > 0)).toBe(true);
        return numbers;
      },
      { timeout: 20_000 },
    );
    controller.abort();
    await expect(running).rejects.toThrow('aborted');
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    await expectNothingInstalled();
  });

  it('does not begin when it is cancelled before', async () => {
    const { apiUrl, fileRequests } = await serve();
    await expect(install(apiUrl, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    expect(fileRequests).toEqual([]);
  });
});

it('says so when the data folder cannot be written', async () => {
  await fs.writeFile(path.join(dataDir, 'engines'), 'a file is in the way');
  const { apiUrl } = await serve();
  await expect(install(apiUrl)).rejects.toMatchObject({
    code: 'ENGINE_MISSING',
    message: expect.stringContaining('make the data folder writable') as string,
  });
});
