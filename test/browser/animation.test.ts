/** The animated capture of the README. */
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { encode } from 'fast-png';
import { decodeFrames } from 'modern-gif';
import { expect, it } from 'vitest';
import { animation } from './animation.ts';

const plain = (colour: readonly [number, number, number]): Uint8Array =>
  encode({
    width: 8,
    height: 4,
    channels: 3,
    depth: 8,
    data: new Uint8Array(Array.from({ length: 32 }, () => [...colour]).flat()),
  });

it('shows every picture as long as it is told to, in its colours', async () => {
  const gif = await animation([
    { png: plain([200, 30, 30]), delay: 100 },
    { png: plain([30, 30, 200]), delay: 500 },
  ]);
  const frames = decodeFrames(gif);
  expect(frames.map(({ width, height, delay }) => [width, height, delay])).toEqual([
    [8, 4, 100],
    [8, 4, 500],
  ]);
  const [first, second] = frames.map(({ data }) => [...data.slice(0, 4)]);
  expect(first).toEqual([200, 30, 30, 255]);
  expect(second).toEqual([30, 30, 200, 255]);
});

it('is in the README with every other picture, and small enough for it', async () => {
  const root = resolve(import.meta.dirname, '../..');
  const readme = await readFile(resolve(root, 'README.md'), 'utf8');
  const pictures = [...readme.matchAll(/!\[[^\]]+\]\((docs\/images\/[^)]+)\)/g)].map(([, path]) => path ?? '');
  expect(pictures).toContain('docs/images/loading.gif');
  for (const path of pictures) {
    const { size } = await stat(resolve(root, path));
    expect(size).toBeGreaterThan(10_000);
    expect(size).toBeLessThan(1_000_000);
  }
});
