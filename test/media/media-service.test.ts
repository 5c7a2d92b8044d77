/** Media over real processes: what a tool does and fails at, what is kept, and what becomes of it. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MediaDocument } from '../../src/contracts/media-record.ts';
import type { MediaView } from '../../src/contracts/media.ts';
import { MediaTool } from '../../src/contracts/media-tool.ts';
import { DRAW, FAKE_TOOL, openHarness } from './harness.ts';
import type { Harness } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await openHarness();
});
afterEach(async () => {
  await harness.close();
});

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
const upload = (bytes: Buffer | string, label: string | null = null): Promise<MediaView> =>
  harness.media.upload(Readable.from([Buffer.from(bytes)]), { owner: 'local', label }, 'test');
/** Processes whose command line names this folder. */
const processesOf = async (folder: string): Promise<string[]> => {
  const { stdout } = await promisify(execFile)('ps', ['-axo', 'pid=,args=']);
  return stdout.split('\n').filter((line) => line.includes(folder) && !line.includes('ps -axo'));
};
const foldersOf = (): Promise<string[]> => readdir(join(harness.folder, 'media'));

describe('a tool’s work', () => {
  it('is noted before it is acknowledged, runs, and leaves a file that is named by its content', async () => {
    const wish = await harness.make({
      prompt: ' a tree ',
      params: { text: 'WEBVTT\n\n00:00.000 --> 00:01.000\nHi\n' },
    });
    const stored = JSON.parse(await readFile(join(harness.folder, 'media.json'), 'utf8')) as { data: unknown };
    expect(MediaDocument.parse(stored.data).media).toMatchObject([{ id: wish.id, state: 'wanted', prompt: 'a tree' }]);
    const made = await harness.ended(wish.id);
    // The tool was asked for a PNG and wrote subtitles.
    expect(made).toMatchObject({ state: 'complete', progress: 100, mime: 'text/vtt', kind: 'text', error: null });
    const file = harness.media.file(wish.id);
    expect(file?.path).toMatch(/media\.vtt$/);
    expect(await readFile(file?.path ?? '', 'utf8')).toContain('WEBVTT');
    expect(await readdir(join(harness.folder, 'media', wish.id))).toEqual(['media.vtt']);
  });

  it('has a progress that never goes back, though the tool’s does, and ends once', async () => {
    const { id } = await harness.make({ params: { fault: 'backwards' } });
    await harness.ended(id);
    const progress = harness.told.filter((view) => view.id === id).map((view) => view.progress);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress).toEqual(expect.arrayContaining([0, 10, 60, 80, 100]));
    expect(progress.filter((value) => value === 100)).toHaveLength(1);
    const states = harness.told.filter((view) => view.id === id).map((view) => view.state);
    expect(states.filter((state) => state === 'complete')).toHaveLength(1);
    expect(states.at(-1)).toBe('complete');
  });

  it('that writes no file has failed, with its last words', async () => {
    const { id } = await harness.make({ params: { fault: 'no-output' } });
    expect(await harness.ended(id)).toMatchObject({
      state: 'failed',
      errorCode: 'NO_OUTPUT',
      lastLines: ['nothing to draw'],
      url: null,
    });
    expect(await foldersOf()).toEqual([]);
  });

  it('that writes one file under another name is taken as well', async () => {
    const { id } = await harness.make({ params: { fault: 'other-name' } });
    expect(await harness.ended(id)).toMatchObject({ state: 'complete', mime: 'image/png' });
  });

  it('that crashes has failed; lines that are drawn over count once', async () => {
    const { id } = await harness.make({ params: { fault: 'crash' } });
    const view = await harness.ended(id);
    expect(view).toMatchObject({ state: 'failed', errorCode: 'TOOL_FAILED', lastLines: ['failed: out of paint'] });
    expect(view.error).toContain('exit code 3');
  });

  it('that ignores SIGTERM and has a child leaves no process when it is cancelled', async () => {
    const { id } = await harness.make({ params: { fault: 'stubborn' } });
    await harness.until(id, ({ progress }) => progress === 20);
    expect(await processesOf(harness.folder)).not.toEqual([]);
    expect(await harness.media.cancel(id, 'test')).toMatchObject({ state: 'cancelled', errorCode: 'CANCELLED' });
    await vi.waitFor(async () => expect(await processesOf(harness.folder)).toEqual([]));
    expect(await foldersOf()).toEqual([]);
  });

  it('that takes too long has failed with TIMEOUT', async () => {
    harness.settings.timeoutMs = 500;
    const { id } = await harness.make({ params: { fault: 'endless' } });
    expect(await harness.ended(id)).toMatchObject({ state: 'failed', errorCode: 'TIMEOUT' });
  });

  it('waits for its turn, and moves up', async () => {
    harness.settings.most = 1;
    const ids: string[] = [];
    for (let index = 0; index < 3; index += 1) ids.push((await harness.make({ params: { fault: 'endless' } })).id);
    const [first = '', second = '', third = ''] = ids;
    await harness.until(first, ({ state }) => state === 'running');
    expect(harness.media.find(second)).toMatchObject({ state: 'queued', position: 0 });
    expect(harness.media.find(third)).toMatchObject({ state: 'queued', position: 1 });
    await harness.media.cancel(second, 'test');
    expect(harness.media.find(third)).toMatchObject({ state: 'queued', position: 0 });
    await harness.media.cancel(first, 'test');
    await harness.until(third, ({ state, position }) => state === 'running' && position === null);
    expect(harness.media.find(second)).toMatchObject({ state: 'cancelled', startedAt: null });
  });
});

describe('a wish is refused, and nothing is noted,', () => {
  const RUN = 'A parameter like an option';
  it.each([
    ['an unknown tool', { tool: 'dram' }, 'NOT_FOUND', /nearest: draw/],
    ['a tool whose program is missing', { tool: 'sd', prompt: 'x' }, 'INVALID_STATE', /no sd-cli or sd/],
    ['an unknown parameter', { params: { siz: 3 } }, 'INVALID_PAYLOAD', /Did you mean "size"/],
    ['a number out of range', { params: { size: 101 } }, 'INVALID_PAYLOAD', /from 1 to 100/],
    ['half a pixel', { params: { size: 1.5 } }, 'INVALID_PAYLOAD', /whole number/],
    ['no such choice', { params: { fault: 'other' } }, 'INVALID_PAYLOAD', /one of none/],
    [RUN, { params: { text: '--delete-everything' } }, 'INVALID_PAYLOAD', /must not begin with a dash/],
    ['an input that is not there', { input: 'nothing' }, 'NOT_FOUND', /no media nothing/],
    ['a prompt with a zero byte', { prompt: 'a\0b' }, 'INVALID_PAYLOAD', /must be text/],
  ])('for %s', async (_what, wish, code, message) => {
    await expect(harness.make(wish)).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(harness.media.list()).toEqual([]);
  });

  it('when too many wait', async () => {
    harness.settings.most = 1;
    await harness.make({ params: { fault: 'endless' } });
    for (let index = 0; index < 100; index += 1) await harness.make();
    await expect(harness.make()).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  });
});

describe('an upload', () => {
  it('is what its content says, and can be worked on', async () => {
    const given = await upload(PNG, 'My picture.exe');
    expect(given).toMatchObject({ state: 'complete', source: 'upload', mime: 'image/png', label: 'My picture.exe' });
    const { id } = await harness.make({ input: given.id, params: { text: 'x' } });
    expect(await harness.ended(id)).toMatchObject({ state: 'complete', input: given.id });
  });

  it('of a kind that a tool does not take is refused by it', async () => {
    const { id, mime } = await upload('just words');
    expect(mime).toBe('text/plain');
    await expect(harness.make({ input: id })).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
      message: expect.stringContaining('takes image') as string,
    });
  });

  it.each([
    ['<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', 'text/plain'],
    ['<!doctype html><script>alert(1)</script>', 'text/plain'],
    ['1\n00:00:00,000 --> 00:00:01,000\nHi\n', 'application/x-subrip'],
    ['{"a": [1]}', 'application/json'],
    [Buffer.from([0, 1, 2, 3, 0, 255]), 'application/octet-stream'],
  ])('%j is %s', async (content, mime) => {
    expect(await upload(content)).toMatchObject({ mime });
  });

  it('that is empty or too large is refused, and nothing of it stays', async () => {
    await expect(upload('')).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    harness.settings.uploadBytes = 10;
    await expect(upload('more than ten bytes')).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    expect(await foldersOf()).toEqual([]);
    expect(harness.media.list()).toEqual([]);
  });
});

describe('what is kept', () => {
  it('survives a restart', async () => {
    const { id } = await harness.make();
    const before = await harness.ended(id);
    await harness.restart();
    expect(harness.media.find(id)).toEqual(before);
    expect(existsSync(harness.media.file(id)?.path ?? '')).toBe(true);
  });

  it('does not include what was being made: that is reported as interrupted', async () => {
    harness.settings.most = 1;
    const running = await harness.make({ params: { fault: 'endless' } });
    const waiting = await harness.make();
    await harness.until(running.id, ({ state }) => state === 'running');
    await harness.restart('stop');
    for (const { id } of [running, waiting])
      expect(harness.media.find(id)).toMatchObject({ state: 'failed', errorCode: 'INTERRUPTED' });
    expect(await processesOf(harness.folder)).toEqual([]);
  });

  it('a removal can be taken back until its time is over, also after a restart', async () => {
    const { id } = await harness.make();
    await harness.ended(id);
    const until = await harness.media.remove(id, 'test');
    expect(harness.media.list()).toEqual([]);
    await expect(harness.media.cancel(id, 'test')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await harness.restart();
    expect(await harness.media.restore(id, 'test')).toMatchObject({ state: 'complete', removedAt: null });
    expect(existsSync(harness.media.file(id)?.path ?? '')).toBe(true);
    await harness.media.remove(id, 'test');
    harness.settings.now = until + 1_000_000;
    await harness.restart();
    await expect(harness.media.restore(id, 'test')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await foldersOf()).toEqual([]);
  });

  it('a removal of one in the making ends it first', async () => {
    const { id } = await harness.make({ params: { fault: 'endless' } });
    await harness.until(id, ({ state }) => state === 'running');
    await harness.media.remove(id, 'test');
    expect(harness.media.find(id)).toMatchObject({ state: 'cancelled' });
    expect(await processesOf(harness.folder)).toEqual([]);
  });

  it('the oldest leave when they take too much together, and those that are too old', async () => {
    const sized = (byte: string): Promise<MediaView> => upload(byte.repeat(1000));
    harness.settings.now = 1_000_000;
    const oldest = await sized('a');
    harness.settings.now += 1000;
    const second = await sized('b');
    harness.settings.now += 1000;
    harness.settings.keep = { maxAgeMs: null, maxBytes: 2500 };
    const third = await sized('c');
    await vi.waitFor(() => expect(harness.media.list().map(({ id }) => id)).toEqual([third.id, second.id]));
    expect(harness.changes).toContainEqual({ kind: 'media.removed', id: oldest.id, owner: 'local', by: null });
    harness.settings.keep = { maxAgeMs: 500, maxBytes: null };
    harness.media.pump();
    await vi.waitFor(() => expect(harness.media.list().map(({ id }) => id)).toEqual([third.id]));
    expect(await foldersOf()).toEqual([third.id]);
  });

  it('a folder without a record is removed at the start', async () => {
    const { id } = await upload('words');
    const file = join(harness.folder, 'media.json');
    await harness.media.close();
    const stored = JSON.parse(await readFile(file, 'utf8')) as { data: unknown };
    await writeFile(file, JSON.stringify({ ...stored, data: { media: [] } }));
    expect(await foldersOf()).toEqual([id]);
    await harness.restart('kill');
    expect(await foldersOf()).toEqual([]);
  });
});

describe('tools', () => {
  it('are found on this machine, or say what is missing', async () => {
    const tools = await harness.media.tools();
    expect(tools.map(({ name }) => name)).toEqual(['sd', 'whisper', 'convert', 'test-film', 'draw']);
    expect(tools.find(({ name }) => name === 'draw')).toMatchObject({ available: true, problem: null, builtIn: false });
    expect(tools.find(({ name }) => name === 'sd')).toMatchObject({
      available: false,
      builtIn: true,
      problem: expect.stringContaining('PATH') as string,
    });
  });

  it('can be saved, also in the place of a built-in one, and deleted', async () => {
    await harness.media.saveTool(MediaTool.parse({ ...DRAW, name: 'sd' }), 'test');
    expect((await harness.media.tools()).find(({ name }) => name === 'sd')).toMatchObject({
      builtIn: false,
      available: true,
    });
    await harness.media.deleteTool('sd', 'test');
    expect((await harness.media.tools()).find(({ name }) => name === 'sd')).toMatchObject({ builtIn: true });
    await expect(harness.media.deleteTool('sd', 'test')).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await expect(harness.media.deleteTool('nope', 'test')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(harness.changes.filter(({ kind }) => kind === 'media.tools')).toHaveLength(2);
  });

  it('take files from their folder, by the names that are listed and no others', async () => {
    const models = join(harness.folder, 'models');
    await (await import('node:fs/promises')).mkdir(join(models, 'deep'), { recursive: true });
    await writeFile(join(models, 'deep', 'one.safetensors'), 'x');
    await writeFile(join(harness.folder, 'secret.safetensors'), 'x');
    const param = { name: 'model', type: 'file', folder: 'models', endings: ['safetensors'], required: true };
    const tool = MediaTool.parse({
      name: 'with-model',
      title: 'x',
      commands: [FAKE_TOOL],
      output: 'txt',
      args: ['{output}', 'none', '{model}'],
      params: [param],
    });
    await harness.media.saveTool(tool, 'test');
    await expect(
      harness.make({ tool: 'with-model', params: { model: '../secret.safetensors' } }),
    ).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    const { id, params } = await harness.make({ tool: 'with-model' });
    expect(params).toEqual({ model: 'deep/one.safetensors' });
    await harness.ended(id);
    expect(await readFile(harness.media.file(id)?.path ?? '', 'utf8')).toBe(join(models, 'deep', 'one.safetensors'));
  });
});
