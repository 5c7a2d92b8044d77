/** The machines decide and nothing else, so they need nothing but XState; a second guard besides the dependency rules. */
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../machines', import.meta.url));
const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'));

/** Whatever names a module: `from '…'`, `import '…'`, `import('…')`, `require('…')`. */
const imported = (text: string): string[] =>
  [...text.matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*(['"`])(.*?)\1/g)].map(([, , name]) => name ?? '');

it('finds the machines, and every form of import', () => {
  expect(files).toEqual(expect.arrayContaining(['model.machine.ts', 'supervisor.machine.ts', 'placement.ts']));
  const forms = `import 'a'; import x from "b"; export * from 'c'; await import('d'); require("e"); import type { T } from 'f'`;
  expect(imported(forms)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});

it.each(files)('%s imports XState and its neighbours only', async (name) => {
  const allowed = new Set(['xstate', ...files.map((file) => `./${file}`)]);
  const text = await readFile(`${folder}/${name}`, 'utf8');
  expect(imported(text).filter((from) => !allowed.has(from))).toEqual([]);
});
