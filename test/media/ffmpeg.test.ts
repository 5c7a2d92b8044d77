/** The built-in tools with a real ffmpeg. */
import { execFile } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MediaView } from '../../src/contracts/media.ts';
import { ffmpegFolder } from '../support/ffmpeg.ts';
import { openHarness } from './harness.ts';
import type { Harness } from './harness.ts';

let scratch: string;
let bin: string;
let harness: Harness;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'llamactor-ffmpeg-'));
  bin = await ffmpegFolder(scratch);
}, 600_000);
afterAll(() => rm(scratch, { recursive: true, force: true }));
beforeEach(async () => {
  harness = await openHarness({ env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` } });
});
afterEach(() => harness.close());

const film = async (seconds = 2): Promise<MediaView> =>
  harness.ended((await harness.make({ tool: 'test-film', params: { seconds } })).id);
const progressOf = (id: string): number[] =>
  harness.told.filter((view) => view.id === id).map(({ progress }) => progress);

describe('ffmpeg', () => {
  it('is found, with the tools that need nothing else', async () => {
    const tools = await harness.media.tools();
    const available = tools.filter((tool) => tool.available).map(({ name }) => name);
    expect(available).toEqual(expect.arrayContaining(['convert', 'test-film']));
    expect(available).not.toContain('sd');
  });

  it('draws a film, whose progress, length, size and thumbnail are known', async () => {
    const made = await film(4);
    expect(made).toMatchObject({
      state: 'complete',
      mime: 'video/mp4',
      kind: 'video',
      width: 640,
      height: 360,
      error: null,
      thumbnailUrl: `/media/${made.id}/thumbnail`,
    });
    expect(made.seconds).toBeCloseTo(4, 0);
    expect(made.bytes).toBeGreaterThan(10_000);
    const progress = progressOf(made.id);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(100);
    const thumbnail = await readFile(harness.media.file(made.id)?.thumbnail ?? '');
    expect(thumbnail.subarray(0, 2).toString('hex')).toBe('ffd8');
  });

  it('tells how far it is while it works', async () => {
    const { id } = await harness.make({ tool: 'test-film', params: { seconds: 300, size: '1920x1080' } });
    await harness.until(id, ({ progress, stage }) => progress > 0 && progress < 99 && stage === 'encoding');
    expect(await harness.media.cancel(id, 'test')).toMatchObject({ state: 'cancelled' });
    await vi.waitFor(async () => {
      const { stdout } = await promisify(execFile)('ps', ['-axo', 'args=']);
      expect(stdout.split('\n').filter((line) => line.includes(harness.folder))).toEqual([]);
    });
  });

  it.each([
    [{ format: 'webp', height: 90 }, 'image/webp', 'image'],
    [{ format: 'mp3', length: 1 }, 'audio/mpeg', 'audio'],
    [{ format: 'gif', start: 1, height: 64 }, 'image/gif', 'image'],
    [{ format: 'mp4', length: 0.5, height: 90 }, 'video/mp4', 'video'],
  ])('converts it: %j', async (params, mime, kind) => {
    const { id } = await film();
    const made = await harness.ended((await harness.make({ tool: 'convert', input: id, params })).id);
    expect(made).toMatchObject({ state: 'complete', mime, kind, error: null, input: id });
    expect(existsSync(harness.media.file(made.id)?.thumbnail ?? '')).toBe(true);
    if ('height' in params) expect(made.height).toBe(params.height);
    const progress = progressOf(made.id);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  });

  it('takes an upload, which may be what it likes but must be media', async () => {
    const { id } = await film();
    const file = harness.media.file(id)?.path ?? '';
    const about = { owner: 'local', label: 'holiday.mp4' };
    const given = await harness.media.upload(createReadStream(file), about, 'test');
    expect(given).toMatchObject({ mime: 'video/mp4', width: 640, label: 'holiday.mp4' });
    expect(given.thumbnailUrl).not.toBeNull();
    const playlist = '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n';
    const trap = await harness.media.upload(Readable.from([Buffer.from(playlist)]), about, 'test');
    await expect(harness.make({ tool: 'convert', input: trap.id })).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
  });

  it('that fails says why in its own words', async () => {
    const broken = Buffer.concat([
      (await readFile(harness.media.file((await film()).id)?.path ?? '')).subarray(0, 64),
      Buffer.alloc(5000, 7),
    ]);
    const given = await harness.media.upload(Readable.from([broken]), { owner: 'local', label: null }, 'test');
    expect(given.mime).toBe('video/mp4');
    const made = await harness.ended((await harness.make({ tool: 'convert', input: given.id })).id);
    expect(made).toMatchObject({ state: 'failed', errorCode: 'TOOL_FAILED' });
    expect(made.lastLines.join('\n')).toMatch(/does not contain any stream|Invalid data/);
    expect(made.lastLines.join('\n')).not.toContain(harness.folder);
    expect(made.lastLines.join('\n')).not.toContain('out_time');
  });
});
