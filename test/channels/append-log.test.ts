import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAppendLog } from '../../src/io/channels/append-log.ts';
import { channelFiles } from '../../src/io/channels/channel-files.ts';
import { nodeFs } from '../../src/io/store/store-fs.ts';
import type { StoreFs } from '../../src/io/store/store-fs.ts';

describe('a log that is appended to', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(tmpdir(), 'llamactor-append-'));
    file = path.join(folder, 'channels', 'one.jsonl');
  });
  afterEach(() => fs.rm(folder, { recursive: true, force: true }));

  const nothing = (): void => undefined;
  const linesOf = async (): Promise<string[]> => (await fs.readFile(file, 'utf8')).split('\n').slice(0, -1);

  /** Counts what reaches the disk, and fails writes on demand. */
  const watched = () => {
    const counts = { writes: 0, syncs: 0 };
    const fail: { next: 'write' | 'half' | null } = { next: null };
    const watching: StoreFs = {
      ...nodeFs,
      open: async (...args) => {
        const handle = await nodeFs.open(...args);
        const write = handle.write.bind(handle) as (...given: unknown[]) => Promise<unknown>;
        const sync = handle.datasync.bind(handle);
        Object.assign(handle, {
          write: async (bytes: Buffer, offset: number, length: number, position: number) => {
            counts.writes += 1;
            const how = fail.next;
            fail.next = null;
            if (how === 'half') await write(bytes, offset, Math.floor(length / 2), position);
            if (how !== null) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
            return write(bytes, offset, length, position);
          },
          datasync: () => {
            counts.syncs += 1;
            return sync();
          },
        });
        return handle;
      },
    };
    return { fs: watching, counts, fail };
  };

  it('acknowledges a line when it is on disk, and reads it again', async () => {
    const { log, lines } = await openAppendLog(file, nodeFs);
    expect(lines).toEqual([]);
    const order: string[] = [];
    await Promise.all(['a', 'b', 'ü'].map((line) => log.append(line, () => order.push(line))));
    expect(order).toEqual(['a', 'b', 'ü']);
    expect(await linesOf()).toEqual(['a', 'b', 'ü']);
    expect(log.size).toBe(Buffer.byteLength('a\nb\nü\n'));
    await log.close();
    const again = await openAppendLog(file, nodeFs);
    expect(again.lines).toEqual(['a', 'b', 'ü']);
    await again.log.close();
  });

  it('shares one write and one sync among the lines that wait', async () => {
    const disk = watched();
    const { log } = await openAppendLog(file, disk.fs);
    await Promise.all(Array.from({ length: 100 }, (_, n) => log.append(String(n), nothing)));
    expect(disk.counts).toEqual({ writes: 1, syncs: 1 });
    await log.close();
  });

  it('drops a last line that was cut, and appends after the one before it', async () => {
    await fs.mkdir(path.dirname(file));
    await fs.writeFile(file, 'a\nb\n{"cut');
    const { log, lines } = await openAppendLog(file, nodeFs);
    expect(lines).toEqual(['a', 'b']);
    await log.append('c', nothing);
    await log.close();
    expect(await linesOf()).toEqual(['a', 'b', 'c']);
  });

  it.each(['write', 'half'] as const)(
    'a disk that refuses (%s) rejects all that waited, and spoils nothing',
    async (how) => {
      const disk = watched();
      const { log } = await openAppendLog(file, disk.fs);
      await log.append('a', nothing);
      disk.fail.next = how;
      const applied: string[] = [];
      const results = await Promise.allSettled(['b', 'c'].map((line) => log.append(line, () => applied.push(line))));
      expect(results).toMatchObject([
        { status: 'rejected', reason: { code: 'INTERNAL', message: expect.stringMatching(/disk is full/) as string } },
        { status: 'rejected' },
      ]);
      expect(applied).toEqual([]);
      await log.append('d', nothing);
      await log.close();
      expect(await linesOf()).toEqual(['a', 'd']);
    },
  );

  it('is rewritten in its turn: before it what was appended earlier, after it what came later', async () => {
    const { log } = await openAppendLog(file, nodeFs);
    const seen: string[] = [];
    const work = [
      log.append('a', () => seen.push('a')),
      log.rewrite(() => [`after ${seen.join()}`]),
      log.append('b', () => seen.push('b')),
    ];
    await Promise.all(work);
    await log.append('c', nothing);
    expect(await linesOf()).toEqual(['after a', 'b', 'c']);
    expect(log.size).toBe(Buffer.byteLength('after a\nb\nc\n'));
    await log.close();
    await expect(log.append('d', nothing)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });

  it('names files so that no id leads out of their folder', async () => {
    const files = channelFiles(path.join(folder, 'channels'));
    for (const id of ['../../up', 'a/b', 'CON', '.', 'ÄÖ', 'x'.repeat(256), 'AAAAAAAA-0000-4000-8000-000000000000']) {
      const { log } = await files.open(id);
      await log.append('line', nothing);
      await log.close();
    }
    expect(await fs.readdir(folder)).toEqual(['channels']);
    const names = await fs.readdir(path.join(folder, 'channels'));
    expect(names).toHaveLength(7);
    for (const name of names) expect(name).toMatch(/^other-[0-9a-f]{32}\.jsonl$/);
  });
});
