import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildIfStale } from '../../scripts/build.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A product in small: the same entries, one shared file, a lazy part, a dependency from npm and a page. */
const SOURCES: Record<string, string> = {
  'src/main.ts':
    "import { word } from './shared.ts';\nconst { late } = await import('./late.ts');\nconsole.log(word, late, new URL('./router.js', import.meta.url).pathname);\n",
  'src/shared.ts': "import { z } from 'zod';\nexport const word: string = z.string().parse('hello');\n",
  'src/late.ts': "export const late = 'late';\n",
  'src/router/main.ts': "import { word } from '../shared.ts';\nconsole.log('router', word);\n",
  'src/client/index.ts': 'export const client = 1;\n',
  'src/contracts/errors.ts': 'export const ERRORS = {};\n',
  'machines/index.ts': 'export const machines = 2;\n',
  'web/index.html':
    '<!doctype html><html lang="en"><title>T</title><script type="module" src="./main.tsx"></script></html>',
  'web/main.tsx': "document.body.textContent = 'hello from the page';\n",
  'package.json': '{"type":"module"}\n',
};

describe('the build', () => {
  let at: string;

  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(at, path)), { recursive: true });
    await writeFile(join(at, path), text);
  };
  const build = (): Promise<string[]> => buildIfStale({ at, log: () => undefined });
  const run = async (file: string): Promise<string> =>
    (await promisify(execFile)(process.execPath, [join(at, 'dist', file)])).stdout;

  beforeEach(async () => {
    await mkdir(join(root, '.cache'), { recursive: true });
    // Inside the repository, so that npm's packages are found.
    at = await mkdtemp(join(root, '.cache', 'build-'));
    for (const [path, text] of Object.entries(SOURCES)) await write(path, text);
    await cp(join(root, 'vite.config.ts'), join(at, 'vite.config.ts'));
  });
  afterEach(() => rm(at, { recursive: true, force: true }));

  it('makes entries that run, with packages left to npm and siblings beside them', async () => {
    expect(await build()).toEqual(['web', 'node']);
    expect((await run('llamactor.js')).trim()).toBe(`hello late ${join(at, 'dist', 'router.js')}`);
    expect((await run('router.js')).trim()).toBe('router hello');
    const main = await readFile(join(at, 'dist/llamactor.js'), 'utf8');
    expect(main.startsWith('#!/usr/bin/env node\n')).toBe(true);
    expect((await stat(join(at, 'dist/llamactor.js'))).mode & 0o111).not.toBe(0);
    const files = (await readdir(join(at, 'dist'), { recursive: true })).filter((name) => name.endsWith('.js'));
    const texts = await Promise.all(files.map((name) => readFile(join(at, 'dist', name), 'utf8')));
    expect(texts.some((text) => /from ["']zod["']/.test(text))).toBe(true);
    expect(files).toEqual(expect.arrayContaining(['client.js', 'machines.js']));
  });

  it('makes a page whose files carry a hash and come from nowhere else', async () => {
    await build();
    const page = await readFile(join(at, 'dist/web/index.html'), 'utf8');
    expect(page).toMatch(/src="\.\/assets\/[\w-]+-[\w-]{8}\.js"/);
    expect(page).not.toMatch(/(src|href)="https?:/);
  });

  it('does nothing when nothing has changed, not even for a file that was merely touched', async () => {
    await build();
    expect(await build()).toEqual([]);
    await write('src/late.ts', SOURCES['src/late.ts'] ?? '');
    expect(await build()).toEqual([]);
  });

  it('builds just what has changed, and what is missing', async () => {
    await build();
    await write('web/main.tsx', "document.body.textContent = 'changed';\n");
    expect(await build()).toEqual(['web']);
    await write('src/late.ts', "export const late = 'changed';\n");
    expect(await build()).toEqual(['node']);
    expect(await run('llamactor.js')).toContain('changed');
    await rm(join(at, 'dist/client.js'));
    expect(await build()).toEqual(['node']);
    await write('src/contracts/errors.ts', 'export const ERRORS = { A: 1 };\n');
    expect(await build()).toEqual(['web', 'node']);
  });

  it('removes files of an earlier build, and only of its own step', async () => {
    await build();
    await write('dist/llamactor-old.js', '');
    await write('dist/types/kept.d.ts', '');
    await write('src/late.ts', "export const late = 'changed';\n");
    await build();
    const files = await readdir(join(at, 'dist'), { recursive: true });
    expect(files).not.toContain('llamactor-old.js');
    expect(files).toEqual(expect.arrayContaining([join('types', 'kept.d.ts'), join('web', 'index.html')]));
  });

  it('says what is wrong, keeps the last good build and builds again once it is mended', async () => {
    await build();
    await write('src/late.ts', "export { nothing as late } from './nowhere.ts';\n");
    await expect(build()).rejects.toThrow(/build of node failed.*nowhere\.ts/s);
    expect(await run('llamactor.js')).toContain('late');
    await write('src/late.ts', SOURCES['src/late.ts'] ?? '');
    expect(await build()).toEqual([]);
    await rm(join(at, 'machines'), { recursive: true });
    await expect(build()).rejects.toThrow('machines/index.ts is missing');
  });

  it('lets one of several builders at a time do the work', async () => {
    const built = await Promise.all([build(), build(), build()]);
    expect(built.flat().sort()).toEqual(['node', 'web']);
  });
});
