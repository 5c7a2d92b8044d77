import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGES = [
  'zod',
  'xstate',
  'hono',
  '@hono/node-server',
  'socket.io',
  'lowdb',
  'solid-js',
  'only-for-developers',
];

interface Report {
  summary: { totalCruised: number; violations: { from: string; to: string; rule: { name: string } }[] };
}

/** One forbidden import per row: rule, importing file, what it imports. */
const forbidden: [rule: string, file: string, imported: string][] = [
  ['contracts-import-zod-only', 'src/contracts/views.ts', 'xstate'],
  ['contracts-import-zod-only', 'src/contracts/views.ts', 'node:fs'],
  ['contracts-import-zod-only', 'src/contracts/views.ts', '../io/files.ts'],
  ['machines-import-xstate-only', 'machines/model.ts', 'zod'],
  ['machines-import-xstate-only', 'machines/model.ts', 'node:fs'],
  ['machines-import-xstate-only', 'machines/model.ts', '../src/contracts/errors.ts'],
  ['router-imports-contracts-only', 'src/router/proxy.ts', '../io/files.ts'],
  ['router-imports-contracts-only', 'src/router/proxy.ts', '../../machines/placement.ts'],
  ['router-has-no-actors', 'src/router/proxy.ts', 'xstate'],
  ['router-has-no-actors', 'src/router/proxy.ts', 'hono'],
  ['web-imports-contracts-only', 'web/main.tsx', '../src/io/files.ts'],
  ['web-imports-contracts-only', 'web/main.tsx', '../machines/placement.ts'],
  ['io-knows-no-transport', 'src/io/spawn.ts', '../sockets/server.ts'],
  ['io-knows-no-transport', 'src/io/spawn.ts', '../http/server.ts'],
  ['io-knows-no-transport', 'src/io/spawn.ts', '../projections/model.ts'],
  ['io-knows-no-transport', 'src/io/spawn.ts', '../commands/models.ts'],
  ['io-knows-no-transport', 'src/io/spawn.ts', '../runtime/runtime.ts'],
  ['commands-know-no-transport', 'src/commands/load.ts', 'socket.io'],
  ['commands-know-no-transport', 'src/commands/load.ts', 'hono'],
  ['commands-know-no-transport', 'src/commands/load.ts', '@hono/node-server'],
  ['commands-know-no-layer-above', 'src/commands/load.ts', '../sockets/server.ts'],
  ['projections-are-pure', 'src/projections/router.ts', '../io/files.ts'],
  ['runtime-knows-no-layer-above', 'src/runtime/boot.ts', '../commands/models.ts'],
  ['client-knows-no-server', 'src/client/index.ts', '../io/files.ts'],
  ['nobody-imports-main', 'src/app.ts', './main.ts'],
  ['nobody-imports-main', 'src/io/spawn.ts', '../router/main.ts'],
  ['nobody-imports-cli', 'src/app.ts', './cli/table.ts'],
  ['product-imports-no-tests', 'src/app.ts', '../test/helper.ts'],
  ['product-imports-no-dev-dependency', 'src/app.ts', 'only-for-developers'],
  ['no-unresolvable', 'src/app.ts', './nowhere.ts'],
];

const allowed: [file: string, imported: string][] = [
  ['src/contracts/views.ts', 'zod'],
  ['machines/model.ts', 'xstate'],
  ['src/router/proxy.ts', '../contracts/errors.ts'],
  ['src/router/proxy.ts', 'node:http'],
  ['web/main.tsx', '../src/contracts/errors.ts'],
  ['web/main.tsx', 'solid-js'],
  ['src/io/spawn.ts', '../../machines/placement.ts'],
  ['src/runtime/boot.ts', '../io/files.ts'],
  ['src/commands/load.ts', '../runtime/runtime.ts'],
  ['src/main.ts', './cli/table.ts'],
];

/** Files that the rows import; they import nothing themselves. */
const bystanders = [
  'src/contracts/errors.ts',
  'src/io/files.ts',
  'src/sockets/server.ts',
  'src/http/server.ts',
  'src/projections/model.ts',
  'src/commands/models.ts',
  'src/runtime/runtime.ts',
  'src/cli/table.ts',
  'src/main.ts',
  'src/router/main.ts',
  'machines/placement.ts',
  'web/part.ts',
  'test/helper.ts',
];

/** An import as the tool names it in its report. */
function resolved(file: string, imported: string): string {
  if (imported.startsWith('node:')) return imported.slice('node:'.length);
  if (!imported.startsWith('.')) return `node_modules/${imported}/index.js`;
  return imported === './nowhere.ts' ? imported : join(dirname(file), imported);
}

describe('the layers', () => {
  let tree: string;

  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  };

  const writeImports = async (rows: [file: string, imported: string][]): Promise<void> => {
    for (const path of bystanders) await write(path, 'export const here = 1;\n');
    for (const file of new Set(rows.map(([path]) => path))) {
      const imports = rows.filter(([path]) => path === file).map(([, imported]) => `import '${imported}';`);
      await write(file, `${imports.join('\n')}\nexport const there = 1;\n`);
    }
  };

  /** Cruises the tree with this repository's rules. The tool exits with the number of errors. */
  const cruise = async (): Promise<Report> => {
    const tool = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
    const args = [
      tool,
      '--config',
      join(root, '.dependency-cruiser.mjs'),
      '--output-type',
      'json',
      'src',
      'machines',
      'web',
    ];
    const text = await new Promise<string>((resolve, reject) => {
      execFile(process.execPath, args, { cwd: tree, timeout: 50_000, maxBuffer: 64e6 }, (error, stdout, stderr) => {
        if (stdout === '') reject(new Error(`dependency-cruiser printed nothing: ${error?.message ?? ''} ${stderr}`));
        else resolve(stdout);
      });
    });
    return JSON.parse(text) as Report;
  };

  beforeEach(async () => {
    tree = await mkdtemp(join(tmpdir(), 'layers-'));
    const dependencies = Object.fromEntries(
      PACKAGES.filter((name) => name !== 'only-for-developers').map((name) => [name, '1.0.0']),
    );
    await write(
      'package.json',
      JSON.stringify({
        name: 'tree',
        type: 'module',
        dependencies,
        devDependencies: { 'only-for-developers': '1.0.0' },
      }),
    );
    for (const name of PACKAGES) {
      await write(
        `node_modules/${name}/package.json`,
        JSON.stringify({ name, version: '1.0.0', type: 'module', exports: './index.js' }),
      );
      await write(`node_modules/${name}/index.js`, 'export default 1;\n');
    }
  });

  afterEach(() => rm(tree, { recursive: true, force: true }));

  it('are broken by each forbidden import', async () => {
    await writeImports(forbidden.map(([, file, imported]) => [file, imported]));
    const { violations } = (await cruise()).summary;
    const reported = violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);
    const expected = forbidden.map(([rule, file, imported]) => `${rule}: ${file} → ${resolved(file, imported)}`);
    expect(reported.sort()).toEqual(expected.sort());
  });

  it('are broken by a cycle', async () => {
    await write('src/io/first.ts', "import { second } from './second.ts';\nexport const first = () => second;\n");
    await write('src/io/second.ts', "import { first } from './first.ts';\nexport const second = () => first;\n");
    await writeImports([]);
    expect((await cruise()).summary.violations.map(({ rule }) => rule.name)).toContain('no-cycles');
  });

  it('are broken by an import of types too', async () => {
    await writeImports([]);
    await write(
      'machines/model.ts',
      "import type { here } from '../src/io/files.ts';\nexport type There = typeof here;\n",
    );
    expect((await cruise()).summary.violations.map(({ rule }) => rule.name)).toEqual(['machines-import-xstate-only']);
  });

  it('allow what they are there for', async () => {
    await writeImports(allowed);
    const { violations, totalCruised } = (await cruise()).summary;
    expect(violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
    expect(totalCruised).toBeGreaterThan(allowed.length);
  });
});
