/** Whole downloads through the registry: what arrives, how often it was asked for, and what stays on disk. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TOKEN, ggufBytes, startHubServer } from '../support/hub-server.ts';
import type { HubServer } from '../support/hub-server.ts';
import { openHarness } from './harness.ts';
import type { Harness, HarnessOptions } from './harness.ts';

const MIB = 1024 * 1024;
/** Large enough for four ranges. */
const large = ggufBytes(33 * MIB, 7);
const small = ggufBytes(300_000, 2);
const shards = [ggufBytes(200_000, 3), ggufBytes(150_000, 4)] as const;
const mmproj = ggufBytes(50_000, 5);

let hub: HubServer;
let harness: Harness;
beforeEach(async () => {
  hub = await startHubServer({
    'maker/tiny-GGUF': {
      files: { 'tiny-Q4_K_M.gguf': small, 'tiny-Q8_0.gguf': ggufBytes(400_000, 9), 'README.md': Buffer.from('hello') },
    },
    'maker/large-GGUF': { files: { 'large-Q4_K_M.gguf': large } },
    'maker/vision-GGUF': {
      files: {
        'Q4_K_M/vision-Q4_K_M-00001-of-00002.gguf': shards[0],
        'Q4_K_M/vision-Q4_K_M-00002-of-00002.gguf': shards[1],
        'mmproj-F16.gguf': mmproj,
      },
    },
    'maker/gated-GGUF': { files: { 'gated-Q4_K_M.gguf': small }, gated: true },
    'maker/private-GGUF': { files: { 'private-Q4_K_M.gguf': small }, private: true },
  });
});
afterEach(async () => {
  await harness.close();
  await hub.close();
});
const open = async (options: HarnessOptions = {}): Promise<Harness> => (harness = await openHarness(hub, options));
const fetched = (...path: string[]): Promise<Buffer> => readFile(join(harness.modelsDir, ...path));
const filesAsked = () => hub.asked.filter(({ host }) => host === 'files');

describe('a download', () => {
  it('arrives in owner/repo, says what it took, and leaves no parts', async () => {
    const { downloads, ended, told } = await open();
    const { id } = await downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test');
    const view = await ended(id);
    expect(view).toMatchObject({
      state: 'done',
      repo: 'maker/tiny-GGUF',
      quant: 'Q4_K_M',
      percent: 100,
      receivedBytes: small.length,
      totalBytes: small.length,
      error: null,
      modelId: 'adopted',
      note: expect.stringContaining('Q4_K_M'),
    });
    expect((await fetched('maker', 'tiny-GGUF', 'tiny-Q4_K_M.gguf')).equals(small)).toBe(true);
    expect(await readdir(harness.modelsDir)).toEqual(['maker']);
    expect(told.map(({ state }) => state)).toEqual(
      expect.arrayContaining(['queued', 'resolving', 'fetching', 'verifying', 'done']),
    );
    // The end is told once, with the model.
    expect(told.filter(({ state }) => state === 'done')).toHaveLength(1);
  });

  it('comes in four ranges at once, each byte once', async () => {
    const { downloads, ended } = await open();
    const { id } = await downloads.start({ source: 'hf:maker/large-GGUF' }, 'test');
    expect(await ended(id)).toMatchObject({ state: 'done' });
    expect((await fetched('maker', 'large-GGUF', 'large-Q4_K_M.gguf')).equals(large)).toBe(true);
    expect(filesAsked()).toHaveLength(4);
    expect(new Set(filesAsked().map(({ range }) => range)).size).toBe(4);
    expect(hub.sentBytes()).toBe(large.length);
  });

  it('comes in one stream from a server without ranges', async () => {
    hub.faults.ignoresRanges = true;
    const { downloads, ended } = await open();
    const { id } = await downloads.start({ source: 'hf:maker/large-GGUF' }, 'test');
    expect(await ended(id)).toMatchObject({ state: 'done' });
    expect((await fetched('maker', 'large-GGUF', 'large-Q4_K_M.gguf')).equals(large)).toBe(true);
    expect(filesAsked()).toHaveLength(1);
  });

  it('brings shards and projector together', async () => {
    const { downloads, ended } = await open();
    const { id } = await downloads.start({ source: 'hf:maker/vision-GGUF:q4_k_m' }, 'test');
    const view = await ended(id);
    expect(view).toMatchObject({ state: 'done', totalBytes: 400_000 });
    expect(view.files.map(({ name }) => name)).toEqual([
      'vision-Q4_K_M-00001-of-00002.gguf',
      'vision-Q4_K_M-00002-of-00002.gguf',
      'mmproj-F16.gguf',
    ]);
    expect(await readdir(join(harness.modelsDir, 'maker', 'vision-GGUF'))).toHaveLength(3);
  });

  it('from a plain address goes to a folder of the host', async () => {
    const { downloads, ended } = await open();
    const { id } = await downloads.start(
      { source: `${hub.plainUrl('maker/tiny-GGUF', 'tiny-Q4_K_M.gguf')}?key=secret` },
      'test',
    );
    const view = await ended(id);
    expect(view).toMatchObject({ state: 'done', repo: null, note: expect.stringContaining('no sha256') });
    expect(JSON.stringify(view)).not.toContain('secret');
    expect(harness.logged.join()).not.toContain('secret');
    expect((await fetched('127.0.0.1', 'tiny-Q4_K_M.gguf')).equals(small)).toBe(true);
  });

  it('of a page of the hub is checked like one that is named', async () => {
    const { downloads, ended } = await open();
    const { id } = await downloads.start({ source: `${hub.url}/maker/tiny-GGUF/blob/main/tiny-Q8_0.gguf` }, 'test');
    expect(await ended(id)).toMatchObject({ state: 'done', repo: 'maker/tiny-GGUF', quant: 'Q8_0' });
  });

  it('that is there already is done without fetching a byte', async () => {
    await open();
    const folder = join(harness.modelsDir, 'maker', 'tiny-GGUF');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'tiny-Q4_K_M.gguf'), small);
    const { id } = await harness.downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test');
    expect(await harness.ended(id)).toMatchObject({ state: 'done', percent: 100 });
    expect(hub.sentBytes()).toBe(0);
  });

  it('never writes over another file of the same name', async () => {
    await open();
    const folder = join(harness.modelsDir, 'maker', 'tiny-GGUF');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'tiny-Q4_K_M.gguf'), 'mine');
    const { id } = await harness.downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test');
    expect(await harness.ended(id)).toMatchObject({
      state: 'failed',
      errorCode: 'EXISTS',
      error: expect.stringContaining('move or rename it'),
    });
    expect((await fetched('maker', 'tiny-GGUF', 'tiny-Q4_K_M.gguf')).equals(Buffer.from('mine'))).toBe(true);
  });

  it('asked for twice is one download', async () => {
    const { downloads, ended } = await open();
    const [first, second] = await Promise.all([
      downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test'),
      downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test'),
    ]);
    expect(second.id).toBe(first.id);
    await ended(first.id);
    expect(downloads.list()).toHaveLength(1);
    expect(filesAsked()).toHaveLength(1);
  });
});

describe('progress', () => {
  it('is told a few times a second with a percentage that only rises', async () => {
    hub.faults.bytesPerSecond = 600_000;
    const { downloads, ended, told } = await open();
    const { id } = await downloads.start({ source: 'hf:maker/tiny-GGUF:Q8_0' }, 'test');
    await harness.until(id, ({ percent }) => percent !== null && percent > 0);
    await ended(id);
    const fetching = told.filter(({ state }) => state === 'fetching');
    expect(fetching.length).toBeGreaterThan(1);
    expect(fetching.length).toBeLessThan(12);
    const percents = told.flatMap(({ percent }) => percent ?? []);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(fetching.some(({ bytesPerSecond, etaSeconds }) => (bytesPerSecond ?? 0) > 0 && etaSeconds !== null)).toBe(
      true,
    );
  });
});

describe('at most so many at once', () => {
  it('the third waits for its turn', async () => {
    hub.faults.bytesPerSecond = 2_000_000;
    const { downloads, ended, until } = await open({ most: 2 });
    const sources = ['hf:maker/tiny-GGUF', 'hf:maker/tiny-GGUF:Q8_0', 'hf:maker/vision-GGUF'];
    const started = [];
    for (const source of sources) started.push(await downloads.start({ source }, 'test'));
    const third = started[2]?.id ?? '';
    expect(downloads.list().find(({ id }) => id === third)).toMatchObject({
      state: 'queued',
      stage: 'waiting for its turn',
    });
    await until(third, ({ state }) => state !== 'queued');
    expect(downloads.list().filter(({ state }) => state === 'done').length).toBeGreaterThan(0);
    for (const { id } of started) expect(await ended(id)).toMatchObject({ state: 'done' });
  });
});

describe('the token', () => {
  it('goes to the hub alone, never to the host of the files', async () => {
    const { downloads, ended, told, logged } = await open({ env: { HF_TOKEN: TOKEN } });
    const { id } = await downloads.start({ source: 'hf:maker/gated-GGUF' }, 'test');
    expect(await ended(id)).toMatchObject({ state: 'done' });
    expect(
      hub.asked.filter(({ host }) => host === 'hub').every(({ authorization }) => authorization === `Bearer ${TOKEN}`),
    ).toBe(true);
    expect(filesAsked().map(({ authorization }) => authorization)).toEqual([null]);
    const stored = await readFile(join(harness.folder, 'downloads.json'), 'utf8');
    expect([stored, JSON.stringify(told), logged.join()].join()).not.toContain(TOKEN);
  });

  it('may be given under its older name', async () => {
    const { downloads, ended } = await open({ env: { HUGGING_FACE_HUB_TOKEN: TOKEN } });
    const { id } = await downloads.start({ source: 'hf:maker/private-GGUF' }, 'test');
    expect(await ended(id)).toMatchObject({ state: 'done' });
  });
});

describe('cancelling', () => {
  it('ends it and removes its parts', async () => {
    hub.faults.bytesPerSecond = 100_000;
    const { downloads, until } = await open();
    const { id } = await downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test');
    await until(id, ({ receivedBytes }) => receivedBytes > 0);
    expect(existsSync(join(harness.modelsDir, '.downloads', id))).toBe(true);
    expect(await downloads.cancel(id, 'test')).toMatchObject({ state: 'cancelled' });
    expect(existsSync(join(harness.modelsDir, '.downloads'))).toBe(false);
    await harness.restart();
    harness.downloads.begin();
    expect(harness.downloads.list()).toMatchObject([{ id, state: 'cancelled' }]);
  });

  it('of one that waits needs no server', async () => {
    hub.faults.bytesPerSecond = 100_000;
    const { downloads } = await open({ most: 1 });
    await downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test');
    const { id } = await downloads.start({ source: 'hf:maker/vision-GGUF' }, 'test');
    expect(await downloads.cancel(id, 'test')).toMatchObject({ state: 'cancelled' });
    expect(hub.asked.some(({ path }) => path.includes('vision-GGUF'))).toBe(false);
  });

  it('can be taken back, and the row can go', async () => {
    hub.faults.bytesPerSecond = 100_000;
    const { downloads, until, ended } = await open();
    const { id } = await downloads.start({ source: 'hf:maker/tiny-GGUF' }, 'test');
    await until(id, ({ state }) => state === 'fetching');
    await downloads.cancel(id, 'test');
    hub.faults.bytesPerSecond = null;
    await downloads.retry(id, 'test');
    expect(await ended(id)).toMatchObject({ state: 'done' });
    await expect(downloads.retry(id, 'test')).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await downloads.remove(id, 'test');
    expect(downloads.list()).toEqual([]);
    expect(harness.changes.at(-1)).toMatchObject({ kind: 'download.removed', id });
    expect((await fetched('maker', 'tiny-GGUF', 'tiny-Q4_K_M.gguf')).equals(small)).toBe(true);
    await expect(downloads.cancel(id, 'test')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
