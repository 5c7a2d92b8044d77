/** What goes wrong on the way: each fault is either got over, counted in bytes, or told in a sentence that says what to do. */
import { existsSync } from 'node:fs';
import { readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DownloadFs } from '../../src/io/downloads/download-fs.ts';
import { nodeFs } from '../../src/io/downloads/download-fs.ts';
import { TOKEN, ggufBytes, startHubServer } from '../support/hub-server.ts';
import type { HubServer } from '../support/hub-server.ts';
import { openHarness } from './harness.ts';
import type { Harness, HarnessOptions } from './harness.ts';

const MIB = 1024 * 1024;
const large = ggufBytes(33 * MIB, 7);
const small = ggufBytes(900_000, 2);

let hub: HubServer;
let harness: Harness;
beforeEach(async () => {
  hub = await startHubServer({
    'maker/tiny-GGUF': { files: { 'tiny-Q4_K_M.gguf': small } },
    'maker/large-GGUF': { files: { 'large-Q4_K_M.gguf': large } },
    'maker/gated-GGUF': { files: { 'gated-Q4_K_M.gguf': small }, gated: true },
    'maker/empty': { files: { 'README.md': Buffer.from('no model') } },
    'maker/page-GGUF': { files: { 'page-Q4_K_M.gguf': Buffer.from('<html>please log in</html>') } },
  });
});
afterEach(async () => {
  await harness.close();
  await hub.close();
});
const open = async (options: HarnessOptions = {}): Promise<Harness> => (harness = await openHarness(hub, options));
const run = async (source: string) => {
  const { id } = await harness.downloads.start({ source }, 'test');
  return harness.ended(id);
};
const isRight = async (name: 'tiny' | 'large'): Promise<boolean> => {
  const file = join(harness.modelsDir, 'maker', `${name}-GGUF`, `${name}-Q4_K_M.gguf`);
  return (await readFile(file)).equals(name === 'tiny' ? small : large);
};
/** Bytes that were sent twice: what was in the air when a connection broke. */
const repeated = (size: number): number => hub.sentBytes() - size;

describe('a connection that breaks', () => {
  it('is taken up where it ended', async () => {
    await open();
    hub.faults.cuts = [300_000, 300_000];
    expect(await run('hf:maker/tiny-GGUF')).toMatchObject({ state: 'done', error: null });
    expect(await isRight('tiny')).toBe(true);
    const ranges = hub.asked.filter(({ host }) => host === 'files').map(({ range }) => range);
    expect(ranges).toHaveLength(3);
    expect(ranges[0]).toBe(`bytes=0-${small.length - 1}`);
    expect(ranges[1]).not.toBe(ranges[0]);
    expect(repeated(small.length)).toBeLessThan(200_000);
  });

  it('of one of four ranges costs only what was in the air', async () => {
    await open();
    hub.faults.cuts = [MIB];
    expect(await run('hf:maker/large-GGUF')).toMatchObject({ state: 'done' });
    expect(await isRight('large')).toBe(true);
    expect(repeated(large.length)).toBeLessThan(8 * MIB);
  });

  it('again and again without a byte is given up after the budget, and goes on when told to', async () => {
    await open();
    hub.faults.cuts = [400_000, ...Array.from({ length: 8 }, () => 0)];
    const failed = await run('hf:maker/tiny-GGUF');
    expect(failed).toMatchObject({
      state: 'failed',
      errorCode: 'NETWORK',
      error: expect.stringContaining('was cut with'),
    });
    expect(failed.receivedBytes).toBeGreaterThan(0);
    hub.faults.cuts = [];
    const before = hub.sentBytes();
    await harness.downloads.retry(failed.id, 'test');
    expect(await harness.ended(failed.id)).toMatchObject({ state: 'done' });
    expect(hub.sentBytes() - before).toBe(small.length - failed.receivedBytes);
  });

  it('by silence is noticed', async () => {
    hub.faults.silent = true;
    await open({ silenceMs: 300, policy: { budget: 1, firstDelayMs: 10, maxDelayMs: 10 } });
    expect(await run('hf:maker/tiny-GGUF')).toMatchObject({ state: 'failed', errorCode: 'NETWORK' });
  });

  it('shows what is waited for, and a retry does not wait', async () => {
    await open({ policy: { budget: 3, firstDelayMs: 60_000, maxDelayMs: 60_000 } });
    hub.faults.cuts = [100_000];
    const { id } = await harness.downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test');
    const paused = await harness.until(id, ({ retryAt }) => retryAt !== null);
    expect(paused).toMatchObject({ state: 'queued', stage: 'waiting to try again', errorCode: 'NETWORK' });
    await harness.downloads.retry(id, 'test');
    expect(await harness.ended(id)).toMatchObject({ state: 'done' });
  });
});

describe('a restart of the server', () => {
  it('goes on by itself, and fetches only what is missing', async () => {
    await open();
    hub.faults.bytesPerSecond = 400_000;
    const { id } = await harness.downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test');
    await harness.until(id, ({ receivedBytes }) => receivedBytes > 100_000);
    await harness.downloads.close();
    const before = hub.sentBytes();
    hub.faults.bytesPerSecond = null;
    await harness.restart();
    harness.downloads.begin();
    expect(await harness.ended(id)).toMatchObject({ state: 'done' });
    expect(await isRight('tiny')).toBe(true);
    expect(hub.sentBytes() - before).toBeLessThan(small.length - 100_000);
    expect(hub.asked.at(-1)?.ifRange).toMatch(/^"/);
  });

  it.each([
    ['is damaged', (part: string) => writeFile(`${part}.json`, '{"version":1')],
    [
      'claims more than a range can hold',
      (part: string) =>
        writeFile(
          `${part}.json`,
          JSON.stringify({
            version: 1,
            size: small.length,
            sha256: null,
            validator: null,
            segments: [{ from: 0, to: 5, done: 9 }],
          }),
        ),
    ],
    ['is of a part that was cut', (part: string) => truncate(part, 5)],
  ])('begins anew when the state document %s', async (_, damage) => {
    await open();
    hub.faults.bytesPerSecond = 400_000;
    const { id } = await harness.downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test');
    await harness.until(id, ({ receivedBytes }) => receivedBytes > 100_000);
    await harness.downloads.close();
    await damage(join(harness.modelsDir, '.downloads', id, 'tiny-Q4_K_M.gguf.part'));
    hub.faults.bytesPerSecond = null;
    await harness.restart();
    harness.downloads.begin();
    expect(await harness.ended(id)).toMatchObject({ state: 'done' });
    expect(await isRight('tiny')).toBe(true);
  });

  it.each([[false], [true]])(
    'begins anew when the file has changed meanwhile (by its date alone: %s)',
    async (noEtag) => {
      await open();
      Object.assign(hub.faults, { bytesPerSecond: 400_000, noEtag });
      const source = hub.plainUrl('maker/tiny-GGUF', 'tiny-Q4_K_M.gguf');
      const { id } = await harness.downloads.start({ source }, 'test');
      await harness.until(id, ({ receivedBytes }) => receivedBytes > 100_000);
      await harness.downloads.close();
      const other = ggufBytes(small.length, 77);
      hub.repos.set('maker/tiny-GGUF', { files: { 'tiny-Q4_K_M.gguf': other } });
      Object.assign(hub.faults, { bytesPerSecond: null, validatorSuffix: 'x' });
      await harness.restart();
      harness.downloads.begin();
      expect(await harness.ended(id)).toMatchObject({ state: 'done' });
      const file = join(harness.modelsDir, '127.0.0.1', 'tiny-Q4_K_M.gguf');
      expect((await readFile(file)).equals(other)).toBe(true);
    },
  );

  it('begins anew when the file is shorter than what is there (416)', async () => {
    await open();
    hub.faults.bytesPerSecond = 400_000;
    const { id } = await harness.downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test');
    await harness.until(id, ({ receivedBytes }) => receivedBytes > 100_000);
    await harness.downloads.close();
    hub.faults.bytesPerSecond = null;
    hub.faults.answers = [{ host: 'files', status: 416 }];
    await harness.restart();
    harness.downloads.begin();
    expect(await harness.ended(id)).toMatchObject({ state: 'done' });
    expect(harness.told.some(({ errorCode }) => errorCode === 'CHANGED')).toBe(true);
    expect(await isRight('tiny')).toBe(true);
  });
});

describe('a server that names every answer differently', () => {
  beforeEach(() => {
    hub.faults.flickers = true;
  });

  it('does no harm where the sha256 is known', async () => {
    await open();
    expect(await run('hf:maker/large-GGUF')).toMatchObject({ state: 'done' });
    expect(hub.sentBytes()).toBe(large.length);
  });

  it('is asked for one range at a time where it is not', async () => {
    await open();
    expect(await run(hub.plainUrl('maker/large-GGUF', 'large-Q4_K_M.gguf'))).toMatchObject({ state: 'done' });
    expect(harness.told.some(({ errorCode }) => errorCode === 'CHANGED')).toBe(true);
  });
});

describe('two downloads of one file', () => {
  it('do not write over each other', async () => {
    await open();
    hub.faults.bytesPerSecond = 400_000;
    const first = await harness.downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test');
    await harness.until(first.id, ({ state }) => state === 'fetching');
    expect(await run('hf:maker/tiny-GGUF:Q4_K_M')).toMatchObject({
      state: 'failed',
      errorCode: 'EXISTS',
      error: 'tiny-Q4_K_M.gguf is being fetched by another download already; follow that one.',
    });
    expect(await harness.ended(first.id)).toMatchObject({ state: 'done' });
  });
});

describe('a wrong sha256', () => {
  it('is fetched once more', async () => {
    await open();
    hub.faults.corruptions = 1;
    expect(await run('hf:maker/tiny-GGUF')).toMatchObject({ state: 'done' });
    expect(await isRight('tiny')).toBe(true);
    expect(hub.sentBytes()).toBe(2 * small.length);
  });

  it('twice is a failure, and nothing of it stays', async () => {
    await open();
    hub.faults.corruptions = 2;
    const failed = await run('hf:maker/tiny-GGUF');
    expect(failed).toMatchObject({
      state: 'failed',
      errorCode: 'WRONG_HASH',
      error: expect.stringContaining('its sha256 differs'),
    });
    expect(await readdir(join(harness.modelsDir, '.downloads', failed.id))).toEqual([]);
    expect(existsSync(join(harness.modelsDir, 'maker'))).toBe(false);
  });
});

describe('the disk', () => {
  it('without room is said before a byte is fetched', async () => {
    await open({
      fs: {
        ...nodeFs,
        statfs: (() => Promise.resolve({ bavail: 100, bsize: 4096 })) as unknown as DownloadFs['statfs'],
      },
    });
    expect(await run('hf:maker/tiny-GGUF')).toMatchObject({
      state: 'failed',
      errorCode: 'DISK_SPACE',
      error: expect.stringMatching(/878\.9 KiB and a reserve are needed, 400\.0 KiB are free; free some space/),
    });
    expect(hub.sentBytes()).toBe(0);
  });

  // A real full disk needs a small mount, and that needs root; the seam answers as write(2) does.
  it('that fills up meanwhile is told, and what arrived is kept for when there is room', async () => {
    let room = 300_000;
    const openFile: DownloadFs['open'] = async (...args) => {
      const handle = await nodeFs.open(...args);
      const write = handle.write.bind(handle) as (
        ...rest: unknown[]
      ) => Promise<{ bytesWritten: number; buffer: Buffer }>;
      handle.write = (async (chunk: Buffer, ...rest: unknown[]) => {
        room -= chunk.length;
        if (room < 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        return write(chunk, ...rest);
      }) as never;
      return handle;
    };
    await open({ fs: { ...nodeFs, open: openFile } });
    const failed = await run('hf:maker/tiny-GGUF');
    expect(failed).toMatchObject({
      state: 'failed',
      errorCode: 'DISK_SPACE',
      error: expect.stringContaining('free some space'),
    });
    room = Number.POSITIVE_INFINITY;
    await harness.downloads.retry(failed.id, 'test');
    expect(await harness.ended(failed.id)).toMatchObject({ state: 'done' });
    expect(await isRight('tiny')).toBe(true);
    // What had been written is not asked for again, however much was on its way when the disk refused.
    const last = hub.asked.filter(({ host }) => host === 'files').at(-1)?.range ?? '';
    expect(Number(/^bytes=(\d+)-/.exec(last)?.[1])).toBeGreaterThan(0);
  });
});

describe('refusals', () => {
  it.each([
    [
      'hf:maker/nothing',
      'NOT_FOUND',
      /The repository maker\/nothing was not found at .*; check the spelling, and if it is private, set HF_TOKEN/,
    ],
    ['hf:maker/gated-GGUF', 'GATED', /accept its terms on its page, set HF_TOKEN to a token of yours/],
    ['hf:maker/empty', 'NOT_FOUND', /holds no whole GGUF model/],
    ['hf:maker/tiny-GGUF:Q2_K', 'NOT_FOUND', /has no Q2_K; there are Q4_K_M/],
    ['hf:maker/tiny-GGUF:other.gguf', 'NOT_FOUND', /has no other\.gguf/],
    ['hf:maker/page-GGUF', 'BAD_SOURCE', /is not a GGUF file, so it was deleted/],
  ])('%s: %s', async (source, errorCode, error) => {
    await open();
    expect(await run(source)).toMatchObject({ state: 'failed', errorCode, error: expect.stringMatching(error) });
  });

  it('with a token that may not: says so', async () => {
    await open({ env: { HF_TOKEN: `${TOKEN}x` } });
    expect(await run('hf:maker/gated-GGUF')).toMatchObject({
      errorCode: 'GATED',
      error: expect.stringContaining('the account that HF_TOKEN belongs to'),
    });
  });

  it('of too many requests are waited out', async () => {
    await open();
    hub.faults.answers = [{ host: 'hub', status: 429, headers: { 'retry-after': '1' } }];
    const begun = Date.now();
    const { id } = await harness.downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test');
    expect(await harness.until(id, ({ retryAt }) => retryAt !== null)).toMatchObject({
      errorCode: 'RATE_LIMITED',
      error: expect.stringContaining('left alone for 1 s'),
    });
    expect(await harness.ended(id)).toMatchObject({ state: 'done' });
    expect(Date.now() - begun).toBeGreaterThanOrEqual(1000);
  });

  it('by a fault of the server are tried again', async () => {
    await open();
    hub.faults.answers = [
      { host: 'hub', status: 503 },
      { host: 'files', status: 500 },
    ];
    expect(await run('hf:maker/tiny-GGUF')).toMatchObject({ state: 'done' });
  });

  it('of a network that is not there: tried within the budget, then told', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await open({ env: { HF_ENDPOINT: `http://127.0.0.1:${port}` } });
    expect(await run('hf:maker/tiny-GGUF')).toMatchObject({
      state: 'failed',
      errorCode: 'NETWORK',
      error: `127.0.0.1:${port} cannot be reached (ECONNREFUSED); check the network, or the proxy in HTTPS_PROXY.`,
    });
    await expect(harness.downloads.options('hf:maker/tiny-GGUF')).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' });
  });

  it('of a redirect from the network to this machine’s plain http', async () => {
    await open();
    hub.faults.answers = [{ host: 'files', status: 302, headers: { location: 'http://10.0.0.1/secret.gguf' } }];
    expect(await run(hub.plainUrl('maker/tiny-GGUF', 'tiny-Q4_K_M.gguf'))).toMatchObject({
      state: 'failed',
      errorCode: 'BAD_SOURCE',
      error: expect.stringContaining('which is not asked'),
    });
  });
});

describe('the library that cannot be searched', () => {
  it('does not undo a download', async () => {
    await open({ adopt: () => Promise.reject(new Error('unreadable')) });
    expect(await run('hf:maker/tiny-GGUF')).toMatchObject({ state: 'done', modelId: null });
    expect(harness.logged.join()).toContain('could not be searched');
  });
});
