import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRunOutput } from '../../src/io/runs/run-output.ts';
import type { RunOutput } from '../../src/io/runs/run-output.ts';

let folder: string;
let output: RunOutput;
const CAP = 1000;
const reopen = (): Promise<RunOutput> => openRunOutput({ folder, capBytes: () => CAP, now: () => 7 });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-runs-'));
  output = await reopen();
});
afterEach(async () => {
  output.close();
  await rm(folder, { recursive: true });
});
const textOf = async (id: string, from = 0): Promise<string> =>
  (await output.read(id, from)).map(({ text }) => text).join('');

describe('what runs wrote', () => {
  it('is read in order, from any piece, while it runs and after a restart', async () => {
    output.add('a', 'stdout', 'one ');
    output.add('a', 'stderr', 'two ');
    output.add('a', 'stdout', 'three');
    expect(await output.read('a', 1)).toEqual([
      { seq: 1, at: 7, stream: 'stderr', text: 'two ' },
      { seq: 2, at: 7, stream: 'stdout', text: 'three' },
    ]);
    output.finish('a');
    output = await reopen();
    expect(await textOf('a')).toBe('one two three');
    expect(await textOf('a', 2)).toBe('three');
  });

  it('is cut at its cap, at a character, with a mark, and takes no more memory afterwards', async () => {
    for (let piece = 0; piece < 5000; piece += 1) output.add('a', 'stdout', 'ä€😀');
    const text = await textOf('a');
    expect(text).toMatch(/\n\[output cut: more than \d+ MB were written\]\n$/);
    expect(text).not.toContain('\uFFFD');
    expect(Buffer.byteLength(text.slice(0, text.indexOf('\n')))).toBeLessThanOrEqual(CAP);
    expect(Buffer.byteLength(text.slice(0, text.indexOf('\n')))).toBeGreaterThan(CAP - 4);
    output.finish('a');
    expect((await readFile(join(folder, 'a.jsonl'))).length).toBeLessThan(20 * CAP);
  });

  it('is on disk before anybody can be told of it, so that a kill takes back nothing that was seen', async () => {
    output.add('a', 'stdout', 'so ');
    output.add('a', 'stdout', 'far');
    expect((await readFile(join(folder, 'a.jsonl'), 'utf8')).split('\n').map((line) => line.length > 0)).toEqual([
      true,
      true,
      false,
    ]);
    expect(output.finish('a')).toBeNull();
  });

  it('goes on in memory, and is told at the end, when the disk refuses it', async () => {
    await rm(folder, { recursive: true });
    expect(output.add('a', 'stdout', 'seen')).toMatchObject({ text: 'seen' });
    expect(await textOf('a')).toBe('seen');
    expect(output.finish('a')).toContain('ENOENT');
    await mkdir(folder);
  });

  it('survives a line that a crash cut in two', async () => {
    output.add('a', 'stdout', 'whole');
    output.finish('a');
    await writeFile(join(folder, 'a.jsonl'), '{"seq":1,"at":7,"stre', { flag: 'a' });
    expect(await textOf('a')).toBe('whole');
  });

  it('is gone when it is removed, and unknown runs wrote nothing', async () => {
    output.add('a', 'stdout', 'x');
    await output.remove('a');
    expect(await output.read('a', 0)).toEqual([]);
    expect(await output.read('never', 0)).toEqual([]);
    await expect(output.read('../secret', 0)).rejects.toThrow('not an id');
  });
});
