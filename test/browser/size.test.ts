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
  'sessions',
  'activity',
  'timeline',
  'logs',
  'configuration',
  'presets',
  'media',
  'inspector',
  'audit',
  'settings',
  'keys',
];

const sources = new Map<string, string>();
/** Classes that selectors of each sheet begin with. */
const classesOf = new Map<string, Set<string>>();
/** Sheets that the document itself links. */
let linked: string[] = [];
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
  for (const name of await readdir(assets)) {
    const text = /\.(js|css)$/.test(name) ? await readFile(join(assets, name), 'utf8') : '';
    if (name.endsWith('.js')) sources.set(name, text);
    if (name.endsWith('.css'))
      classesOf.set(name, new Set([...text.matchAll(/[{},]\.([a-z][\w-]*)/gi)].map(([, known]) => known ?? '')));
  }
  const page = await readFile(join(dist, 'index.html'), 'utf8');
  linked = [...page.matchAll(/assets\/([^"]+\.css)/g)].map(([, name]) => name ?? '');
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

describe('the styles of a page', () => {
  /** Sheets that come with a page: what its import lists beside the scripts, and what the document itself links. */
  const sheetsOf = (page: string): string[] => {
    const code = sources.get(entry) ?? '';
    const files = JSON.parse(/m\.f=(\[.*?\])/.exec(code)?.[1] ?? '[]') as string[];
    const indexes = new RegExp(`${chunkOf(page)}[^[]*__vite__mapDeps\\(\\[([\\d,]*)\\]`).exec(code)?.[1] ?? '';
    const named = indexes.split(',').map((index) => files[Number(index)]?.replace('./', '') ?? '');
    return [...named.filter((name) => name.endsWith('.css')), ...linked];
  };
  const classesIn = (text: string, pattern: RegExp): Set<string> =>
    new Set(
      [...text.matchAll(pattern)].flatMap(([, quoted, bare]) => (quoted ?? bare ?? '').split(' ')).filter(Boolean),
    );

  it.each(PAGES)('of %s come with it, whichever page was opened first', (page) => {
    const code = [...closure(chunkOf(page))].map((name) => sources.get(name) ?? '').join('\n');
    const used = classesIn(code, /class=(?:"([^"<>]*)"|([\w-]+))/g);
    const own = new Set(sheetsOf(page).flatMap((name) => [...(classesOf.get(name) ?? [])]));
    const elsewhere = new Set([...classesOf.values()].flatMap((names) => [...names]));
    expect(used.size).toBeGreaterThan(10);
    expect([...used].filter((name) => elsewhere.has(name) && !own.has(name))).toEqual([]);
  });
});
