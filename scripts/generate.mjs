/** `npm run generate [-- names] [--check]`: writes the generated files, or with --check only says which are stale. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { generators } from './generators.mjs';
import { root } from './lib/paths.mjs';
import { importTypeScript } from './lib/typescript.mjs';

/** Markdown and TypeScript are kept in the one format that the format check asks for. */
async function formatted(path, content) {
  if (!/\.(md|ts|json)$/.test(path)) return content;
  return format(content, { ...(await resolveConfig(join(root, path))), filepath: path });
}

const readOrNull = (path) => readFile(join(root, path), 'utf8').catch(() => null);

async function filesOf(folder) {
  const entries = await readdir(join(root, folder), { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

/** What must change for the files of one generator to be current: path → new content, or null to remove it. */
export async function outdated({ entry, owns }) {
  const { generate } = await importTypeScript(entry);
  const wanted = new Map();
  for (const [path, content] of Object.entries(await generate())) wanted.set(path, await formatted(path, content));
  const changes = new Map();
  for (const [path, content] of wanted) if ((await readOrNull(path)) !== content) changes.set(path, content);
  for (const folder of owns) for (const path of await filesOf(folder)) if (!wanted.has(path)) changes.set(path, null);
  return changes;
}

async function apply(changes) {
  for (const [path, content] of changes) {
    if (content === null) await rm(join(root, path));
    else {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
  }
}

async function main(args) {
  const check = args.includes('--check');
  const names = args.filter((arg) => arg !== '--check');
  const unknown = names.find((name) => !generators.some((generator) => generator.name === name));
  if (unknown !== undefined) {
    console.error(`No generator is called ${unknown}; there are: ${generators.map(({ name }) => name).join(', ')}.`);
    process.exitCode = 1;
    return;
  }
  for (const generator of generators.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const changes = await outdated(generator);
    if (!check) await apply(changes);
    for (const [path, content] of changes)
      console.log(`${check ? 'stale: ' : content === null ? 'removed ' : 'wrote '}${path}`);
    if (check && changes.size > 0) {
      console.log(`Run npm run generate -- ${generator.name} and commit what it writes.`);
      process.exitCode = 1;
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
