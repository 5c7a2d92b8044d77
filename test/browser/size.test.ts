/** What a browser has to fetch before a page works: at most 130 kB of script, compressed. */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';

const dist = resolve(import.meta.dirname, '../../dist/web');
const assets = join(dist, 'assets');
const BUDGET = 130_000;
const PAGES = [
  'home',
  'models',
  'chat',
  'monitoring',
  'runs',
  'activity',
  'timeline',
  'logs',
  'configuration',
  'presets',
  'media',
  'inspector',
  'settings',
  'keys',
];

const sources = new Map<string, string>();
let entry = '';

/** A chunk and everything it imports before it can run. */
const closure = (name: string, seen = new Set<string>()): Set<string> => {
  if (seen.has(name)) return seen;
  seen.add(name);
  const code = sources.get(name);
  if (code === undefined) throw new Error(`${name} is imported and does not exist.`);
  for (const [, imported] of code.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) closure(imported as string, seen);
  return seen;
};
const sizeOf = (names: Iterable<string>): number =>
  [...names].reduce((sum, name) => sum + gzipSync(sources.get(name) ?? '').length, 0);
const chunkOf = (page: string): string => {
  const name = [...sources.keys()].find((one) => one.startsWith(`${page}-page-`));
  if (name === undefined) throw new Error(`There is no chunk of the ${page} page; it became part of another one.`);
  return name;
};

beforeAll(async () => {
  for (const name of await readdir(assets))
    if (name.endsWith('.js')) sources.set(name, await readFile(join(assets, name), 'utf8'));
  const page = await readFile(join(dist, 'index.html'), 'utf8');
  entry = /<script type="module"[^>]* src="(?:\.?\/)?assets\/([^"]+)"/.exec(page)?.[1] ?? '';
});

describe('the first load', () => {
  it.each(PAGES)('of the %s page stays within the budget', (page) => {
    const needed = closure(chunkOf(page), closure(entry));
    expect(sizeOf(needed)).toBeLessThan(BUDGET);
  });

  it('brings no other page along', () => {
    const first = closure(entry);
    for (const page of PAGES) expect([...first]).not.toContain(chunkOf(page));
  });

  it('of the chat leaves the colours of code for when there is code', () => {
    const needed = closure(chunkOf('chat'), closure(entry));
    const colours = [...sources.keys()].filter((name) => name.startsWith('highlight-'));
    expect(colours).toHaveLength(1);
    expect([...needed]).not.toContain(colours[0]);
  });
});
