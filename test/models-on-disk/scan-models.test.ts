import { mkdir, readFile, rename, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MAX_DEPTH } from '../../src/io/models/find-files.ts';
import { reconcileIds } from '../../src/io/models/model-ids.ts';
import { scanModels } from '../../src/io/models/scan-models.ts';
import {
  badMagicModel,
  emptyModel,
  headerModel,
  mmprojModel,
  shardedModel,
  text,
  tinyModel,
  truncatedModel,
  u32,
} from '../support/gguf.ts';
import { temporaryFolder } from './temp-folder.ts';

const place = async () => {
  const base = await temporaryFolder();
  const folder = join(base, 'models');
  await mkdir(folder);
  const warnings: string[] = [];
  const cachePath = join(base, 'cache', 'scan.json');
  const scan = (folders = [folder]) =>
    scanModels({ folders, cachePath, onWarning: (message) => warnings.push(message) });
  return { base, folder, cachePath, warnings, scan };
};

const idsOf = (models: readonly { id: string }[]) => models.map(({ id }) => id).toSorted();

describe('what is listed', () => {
  test('models at any depth, with folder, relative path, size and time', async () => {
    const { folder, scan } = await place();
    await tinyModel(folder, 'top.gguf');
    await tinyModel(join(folder, 'publisher', 'repository'), 'Deep-Q4_K_M.GGUF');
    await writeFile(join(folder, 'readme.md'), 'not a model');
    const models = await scan();
    expect(idsOf(models)).toEqual(['Deep-Q4_K_M', 'top']);
    const deep = models.find(({ id }) => id === 'Deep-Q4_K_M');
    const path = join(folder, 'publisher', 'repository', 'Deep-Q4_K_M.GGUF');
    const info = await stat(path);
    expect(deep).toMatchObject({
      name: 'Deep-Q4_K_M.GGUF',
      path,
      folder,
      relativePath: join('publisher', 'repository', 'Deep-Q4_K_M.GGUF'),
      size: info.size,
      mtimeMs: info.mtimeMs,
      shards: [path],
      mmproj: null,
      problem: null,
      metadata: { architecture: 'llama' },
    });
  });

  test('an empty folder and no folders at all', async () => {
    const { scan } = await place();
    expect(await scan()).toEqual([]);
    expect(await scan([])).toEqual([]);
  });

  test('hidden files and folders are passed over, also the temporary file of a write', async () => {
    const { folder, scan } = await place();
    await headerModel(join(folder, '.cache'), 'a.gguf');
    await headerModel(folder, '._b.gguf');
    await writeFile(join(folder, '.c.gguf.0.tmp'), '');
    expect(await scan()).toEqual([]);
  });

  test('names in any script', async () => {
    const { folder, scan } = await place();
    for (const name of ['模型 七.gguf', 'größe-ß.gguf', '🦙 llama, new.gguf', 'a b%20c#d?.gguf'])
      await headerModel(join(folder, 'Ordner ü'), name);
    const models = await scan();
    expect(idsOf(models)).toEqual(['a b%20c#d?', 'größe-ß', '模型 七', '🦙 llama_ new'].toSorted());
    expect(models.every(({ problem }) => problem === null)).toBe(true);
  });

  test('broken files are listed with their reason beside good ones', async () => {
    const { folder, scan } = await place();
    await badMagicModel(folder, 'bad.gguf');
    await emptyModel(folder, 'empty.gguf');
    await truncatedModel(folder, 'short.gguf');
    await tinyModel(folder, 'good.gguf');
    await symlink(join(folder, 'nowhere'), join(folder, 'dangling.gguf'));
    await symlink(join(folder, 'circle.gguf'), join(folder, 'circle.gguf'));
    const problems = Object.fromEntries((await scan()).map(({ id, problem }) => [id, problem]));
    expect(problems).toEqual({
      bad: expect.stringMatching(/not a GGUF/) as string,
      empty: expect.stringMatching(/is empty/) as string,
      short: expect.stringMatching(/incomplete/) as string,
      dangling: expect.stringMatching(/is gone/) as string,
      circle: expect.stringMatching(/leads back to itself/) as string,
      good: null,
    });
  });

  test('a folder that is named like a model is searched, not listed', async () => {
    const { folder, scan } = await place();
    await headerModel(join(folder, 'odd.gguf'), 'inner.gguf');
    expect(idsOf(await scan())).toEqual(['inner']);
  });

  test.each(['part', 'partial', 'downloading', 'incomplete', 'crdownload'])(
    'x.gguf.%s is an unfinished download',
    async (ending) => {
      const { folder, scan } = await place();
      await headerModel(folder, 'x.gguf');
      await rename(join(folder, 'x.gguf'), join(folder, `x.gguf.${ending}`));
      expect(await scan()).toMatchObject([
        { id: `x.gguf.${ending}`, problem: expect.stringMatching(/not finished/) as string },
      ]);
      await headerModel(folder, 'x.gguf');
      expect((await scan()).find(({ id }) => id === 'x')).toMatchObject({ problem: null });
    },
  );

  test('a file that aria2 still fills is unfinished although it has its full size', async () => {
    const { folder, scan } = await place();
    await tinyModel(folder, 'x.gguf');
    await writeFile(join(folder, 'x.gguf.aria2'), '');
    expect(await scan()).toMatchObject([{ id: 'x', problem: expect.stringMatching(/not finished/) as string }]);
  });

  test('1 000 files', async () => {
    const { folder, scan } = await place();
    const names = Array.from({ length: 1000 }, (_, i) => `model-${String(i).padStart(4, '0')}`);
    await Promise.all(names.map((name, i) => headerModel(join(folder, `folder-${i % 17}`), `${name}.gguf`)));
    expect(idsOf(await scan())).toEqual(names);
    expect(idsOf(await scan())).toEqual(names);
  });
});

describe('folders', () => {
  test('one that is missing or a file is named in a coded error', async () => {
    const { folder, scan } = await place();
    const missing = join(folder, 'none');
    await expect(scan([folder, missing])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(missing) as string,
    });
    const file = await headerModel(folder, 'a.gguf');
    await expect(scan([file])).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
      message: expect.stringContaining(file) as string,
    });
    await expect(scan([join(file, 'below')])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('folders that overlap list each file once', async () => {
    const { folder, scan } = await place();
    await headerModel(join(folder, 'inner'), 'a.gguf');
    expect(idsOf(await scan([folder, join(folder, 'inner'), folder]))).toEqual(['a']);
    expect(await scan([join(folder, 'inner'), folder])).toMatchObject([
      { folder: join(folder, 'inner'), relativePath: 'a.gguf' },
    ]);
  });

  test('links are followed, and loops end', async () => {
    const { base, folder, scan } = await place();
    const outside = join(base, 'outside');
    await headerModel(outside, 'far.gguf');
    const blob = await headerModel(join(base, 'blobs'), 'sha.gguf');
    await symlink(outside, join(folder, 'linked'));
    await symlink(blob, join(folder, 'named.gguf'));
    await symlink(folder, join(outside, 'back'));
    await symlink('.', join(folder, 'self'));
    const models = await scan();
    expect(idsOf(models)).toEqual(['far', 'named']);
    expect(models.find(({ id }) => id === 'named')).toMatchObject({ path: join(folder, 'named.gguf'), problem: null });
  });

  test('the order and the paths are the same in every scan, also where two paths lead to one directory', async () => {
    const { folder, scan } = await place();
    await symlink(join(folder, 'real'), join(folder, 'a-link'));
    for (let i = 0; i < 12; i += 1) await headerModel(join(folder, i % 2 === 0 ? 'real' : `d${i}`), `m${i}.gguf`);
    const paths = (await scan()).map(({ relativePath }) => relativePath);
    expect(paths.filter((path) => path.startsWith('a-link'))).toEqual([]);
    for (let i = 0; i < 5; i += 1) expect((await scan()).map(({ relativePath }) => relativePath)).toEqual(paths);
  });

  test('the depth is bounded and what lies deeper is mentioned', async () => {
    const { folder, scan, warnings } = await place();
    const deepest = join(folder, ...Array<string>(MAX_DEPTH).fill('d'));
    await headerModel(deepest, 'reached.gguf');
    await headerModel(join(deepest, 'd'), 'beyond.gguf');
    expect(idsOf(await scan())).toEqual(['reached']);
    expect(warnings).toEqual([expect.stringContaining('levels below') as string]);
  });

  test('an abort ends the scan with its reason', async () => {
    const { folder, cachePath } = await place();
    await headerModel(folder, 'a.gguf');
    const scanning = scanModels({ folders: [folder], cachePath, signal: AbortSignal.abort(new Error('enough')) });
    await expect(scanning).rejects.toThrow('enough');
  });
});

describe('shards', () => {
  test('are one model with all their bytes', async () => {
    const { folder, scan } = await place();
    const paths = await shardedModel(folder, 'big-Q8_0', 3);
    await headerModel(folder, 'other.gguf');
    const models = await scan();
    expect(idsOf(models)).toEqual(['big-Q8_0', 'other']);
    const big = models.find(({ id }) => id === 'big-Q8_0');
    const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
    expect(big).toMatchObject({ name: 'big-Q8_0-00001-of-00003.gguf', path: paths[0], shards: paths, problem: null });
    expect(big?.size).toBe(sizes.reduce((a, b) => a + b));
    expect(big?.facts?.tensorBytes).toBe(3 * 256);
    expect(big?.metadata?.parameters).toBe(3 * 64);
  });

  test('a missing one is named; a missing first one leaves the model its place', async () => {
    const { folder, scan } = await place();
    await shardedModel(folder, 'a', 3, [2]);
    await shardedModel(folder, 'b', 3, [1, 3]);
    const models = await scan();
    expect(models.find(({ id }) => id === 'a')?.problem).toMatch(/One of 3 shards is missing: a-00002-of-00003\.gguf/);
    expect(models.find(({ id }) => id === 'b')).toMatchObject({
      path: join(folder, 'b-00001-of-00003.gguf'),
      relativePath: 'b-00001-of-00003.gguf',
      problem: expect.stringMatching(
        /2 of 3 shards are missing: b-00001-of-00003\.gguf, b-00003-of-00003\.gguf/,
      ) as string,
    });
  });

  test('a shard that still downloads or is cut off is told', async () => {
    const { folder, scan } = await place();
    const [, second = ''] = await shardedModel(folder, 'a', 2);
    await rename(second, `${second}.part`);
    expect(await scan()).toMatchObject([
      { id: 'a', problem: expect.stringContaining('a-00002-of-00002.gguf') as string },
    ]);
    await rename(`${second}.part`, second);
    await truncate(second, (await stat(second)).size - 40);
    expect(await scan()).toMatchObject([
      { id: 'a', problem: expect.stringMatching(/^Shard 2 of 2: The file is incomplete/) as string },
    ]);
  });

  test('sets in two folders are two models', async () => {
    const { folder, scan } = await place();
    await shardedModel(join(folder, 'x'), 'a', 2);
    await shardedModel(join(folder, 'y'), 'a', 2, [1]);
    expect((await scan()).map(({ problem }) => problem === null)).toEqual([true, false]);
  });
});

describe('projectors', () => {
  test('go with the model of their folder and are not listed', async () => {
    const { folder, scan } = await place();
    await tinyModel(join(folder, 'gemma'), 'gemma-4b-Q4_K_M.gguf');
    const projector = await mmprojModel(join(folder, 'gemma'), 'mmproj-F16.gguf', { vision: true, audio: true });
    await tinyModel(join(folder, 'plain'), 'plain.gguf');
    const models = await scan();
    expect(models).toHaveLength(2);
    expect(models.find(({ id }) => id === 'gemma-4b-Q4_K_M')).toMatchObject({
      mmproj: projector,
      metadata: { inputModalities: ['text', 'image', 'audio'] },
    });
    expect(models.find(({ id }) => id === 'plain')).toMatchObject({
      mmproj: null,
      metadata: { inputModalities: ['text'] },
    });
  });

  test('are told by their header, whatever their name', async () => {
    const { folder, scan } = await place();
    await tinyModel(folder, 'a.gguf');
    const projector = await mmprojModel(folder, 'eyes.gguf');
    expect(await scan()).toMatchObject([{ id: 'a', mmproj: projector }]);
  });

  test('a broken one is neither listed nor paired, but mentioned', async () => {
    const { folder, scan, warnings } = await place();
    await tinyModel(folder, 'a.gguf');
    await badMagicModel(folder, 'mmproj-a.gguf');
    const cut = await mmprojModel(folder, 'eyes.gguf');
    await truncate(cut, (await stat(cut)).size - 40);
    expect(await scan()).toMatchObject([{ id: 'a', mmproj: null }]);
    expect(warnings).toHaveLength(2);
    expect(warnings.join()).toMatch(/mmproj-a\.gguf.*not a GGUF/);
  });

  test('one whose width does not fit is left aside', async () => {
    const { folder, scan } = await place();
    await headerModel(folder, 'a.gguf', { 'llama.embedding_length': u32(4096) });
    await headerModel(folder, 'mmproj.gguf', {
      'general.architecture': text('clip'),
      'general.type': text('mmproj'),
      'clip.vision.projection_dim': u32(2048),
    });
    expect(await scan()).toMatchObject([{ id: 'a', mmproj: null }]);
  });
});

describe('the cache', () => {
  test('spares the reading until a file changes', async () => {
    const { folder, scan, cachePath } = await place();
    const path = await tinyModel(folder, 'a.gguf');
    const mtime = new Date('2026-01-02T03:04:05Z');
    await utimes(path, mtime, mtime);
    const [before] = await scan();
    const { size } = await stat(path);
    // Same size and time, other bytes: only a cache can still know the old ones.
    await writeFile(path, Buffer.alloc(size));
    await utimes(path, mtime, mtime);
    expect(await scan()).toEqual([before]);
    await utimes(path, mtime, new Date(mtime.getTime() + 5000));
    expect(await scan()).toMatchObject([{ id: 'a', problem: expect.stringMatching(/not a GGUF/) as string }]);
    expect(JSON.parse(await readFile(cachePath, 'utf8'))).toMatchObject({ version: 2 });
  });

  test.each([
    '',
    '{',
    '[]',
    '{"version":99,"files":{}}',
    '{"version":1,"files":{"x":{"size":"big"}}}',
    '{"version":1}',
  ])('a damaged one (%s) is ignored and rebuilt', async (content) => {
    const { folder, scan, cachePath } = await place();
    await headerModel(folder, 'a.gguf');
    const before = await scan();
    const good = await readFile(cachePath, 'utf8');
    await writeFile(cachePath, content);
    expect(await scan()).toEqual(before);
    expect(await readFile(cachePath, 'utf8')).toBe(good);
  });

  test('one that cannot be written costs only time', async () => {
    const { base, folder, scan, cachePath, warnings } = await place();
    await headerModel(folder, 'a.gguf');
    await writeFile(join(base, 'cache'), 'a file where the folder should be');
    expect(await scan()).toMatchObject([{ id: 'a' }]);
    expect(warnings).toEqual([expect.stringContaining(cachePath) as string]);
  });

  test('forgets files that are gone', async () => {
    const { folder, scan, cachePath } = await place();
    const path = await headerModel(folder, 'a.gguf');
    await headerModel(folder, 'b.gguf');
    await scan();
    await rm(path);
    await scan();
    expect(await readFile(cachePath, 'utf8')).not.toContain('a.gguf');
  });

  test('a file named like a property of every object is nothing special', async () => {
    const { folder, scan } = await place();
    await headerModel(folder, '__proto__.gguf');
    await headerModel(folder, 'constructor.gguf');
    expect(idsOf(await scan())).toEqual(['__proto__', 'constructor']);
    expect(idsOf(await scan())).toEqual(['__proto__', 'constructor']);
  });
});

describe('ids over time', () => {
  test('a renamed folder keeps the ids of its models', async () => {
    const { folder, scan } = await place();
    await tinyModel(join(folder, 'old'), 'same.gguf', { name: 'One' });
    await tinyModel(join(folder, 'other'), 'same.gguf', { name: 'Two' });
    await shardedModel(join(folder, 'old'), 'big', 2);
    const before = await scan();
    expect(idsOf(before)).toEqual(['big', 'same', 'same-other']);
    await rename(join(folder, 'old'), join(folder, 'zzz new'));
    const after = reconcileIds(before, await scan());
    expect(idsOf(after)).toEqual(idsOf(before));
    const nameOf = (models: typeof before, id: string) => models.find((model) => model.id === id)?.metadata?.name;
    expect(nameOf(after, 'same')).toBe('One');
    expect(nameOf(after, 'same-other')).toBe('Two');
    expect(after.find(({ id }) => id === 'big')?.path).toContain('zzz new');
  });
});
