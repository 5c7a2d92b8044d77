/** Builds dist/: the dashboard (dist/web) and the Node side (dist/*.js). Steps whose inputs have not changed are skipped. */
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify, stripVTControlCharacters } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { fingerprint } from './lib/fingerprint.mjs';
import { withLock } from './lib/lock.mjs';
import { root } from './lib/paths.mjs';

const toolchain = ['package.json', 'package-lock.json', 'scripts/build.mjs', 'tsconfig.base.json'];

/** Everything that is neither a path nor part of this repository stays an import of the installed package. */
const isExternal = (id) => !id.startsWith('.') && !isAbsolute(id);

const nodeEntries = {
  llamactor: 'src/main.ts',
  router: 'src/router/main.ts',
  client: 'src/client/index.ts',
  machines: 'machines/index.ts',
};

const steps = [
  {
    name: 'web',
    folder: 'web',
    inputs: ['web', 'src/contracts', 'visualizations', 'vite.config.ts', ...toolchain],
    entries: ['web/index.html'],
    options: (at, outDir) => ({
      configFile: join(at, 'vite.config.ts'),
      root: join(at, 'web'),
      build: { outDir, emptyOutDir: true },
    }),
  },
  {
    name: 'node',
    folder: '.',
    inputs: ['src', 'machines', 'visualizations', ...toolchain],
    entries: Object.values(nodeEntries),
    options: (at, outDir) => ({
      configFile: false,
      root: at,
      publicDir: false,
      build: {
        ssr: true,
        target: 'node20',
        outDir,
        emptyOutDir: true,
        minify: false,
        rolldownOptions: {
          input: Object.fromEntries(Object.entries(nodeEntries).map(([name, path]) => [name, join(at, path)])),
          external: isExternal,
          checks: { bundlerTimings: false },
          // Chunks lie beside the entries, so that `new URL('./router.js', import.meta.url)` holds wherever the code lands.
          output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
        },
      },
    }),
  },
];

/** Files of `folder` that the Node step owns: everything but the dashboard and the stamp. */
async function filesOf(folder, prefix = '') {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries.map((entry) => {
      const path = join(prefix, entry.name);
      return entry.isDirectory() ? filesOf(folder, path) : [path];
    }),
  );
  return found.flat();
}

/**
 * Moves a finished build into place file by file and then removes what the new one no longer has, so that a server
 * that runs from `target` meanwhile never misses a file it is about to import.
 */
async function install(staging, target, keep) {
  const fresh = await filesOf(staging);
  for (const path of fresh) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await rename(join(staging, path), join(target, path));
  }
  const wanted = new Set(fresh);
  for (const path of await filesOf(target))
    if (!wanted.has(path) && !keep(path)) await rm(join(target, path), { force: true });
  return fresh;
}

/** Vite sets NODE_ENV to production for good; what runs in this process afterwards is not meant to be told so. */
async function buildQuietly(build, options) {
  const before = process.env.NODE_ENV;
  try {
    await build(options);
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}

/** Below this a packet holds the file as it is. */
const WORTH_COMPRESSING = 1024;

/** Writes `.br` and `.gz` beside every text file of the dashboard: the server sends them as they lie there. */
async function compress(folder) {
  const texts = (await filesOf(folder)).filter((path) => /\.(js|css|svg)$/.test(path));
  await Promise.all(
    texts.map(async (path) => {
      const text = await readFile(join(folder, path));
      if (text.length < WORTH_COMPRESSING) return;
      const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
      await writeFile(join(folder, `${path}.br`), await promisify(brotliCompress)(text, quality));
      await writeFile(join(folder, `${path}.gz`), await promisify(gzip)(text, { level: constants.Z_BEST_COMPRESSION }));
    }),
  );
}

async function makeExecutable(path) {
  const code = await readFile(path, 'utf8');
  if (!code.startsWith('#!')) await writeFile(path, `#!/usr/bin/env node\n${code}`);
  await chmod(path, 0o755);
}

/** What the last build recorded; a stamp that cannot be read only means that everything is built again. */
async function readStamp(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return {};
  }
}

const exists = (path) =>
  stat(path).then(
    () => true,
    () => false,
  );

async function isFresh(dist, step, stamp, digest) {
  const last = stamp[step.name];
  if (last?.digest !== digest) return false;
  const present = await Promise.all(last.files.map((file) => exists(join(dist, step.folder, file))));
  return present.every(Boolean);
}

async function runStep(at, step, digest, log) {
  for (const entry of step.entries) if (!(await exists(join(at, entry)))) throw new Error(`${entry} is missing.`);
  const started = performance.now();
  const { build } = await import('vite');
  const dist = join(at, 'dist');
  const staging = join(at, '.cache', `build-${step.name}-${process.pid}`);
  try {
    await buildQuietly(build, { ...step.options(at, staging), logLevel: 'warn', clearScreen: false });
    if (step.name === 'node') await makeExecutable(join(staging, 'llamactor.js'));
    if (step.name === 'web') await compress(staging);
    const keep = (path) => step.folder === '.' && (/^(web|types)\//.test(path) || path === '.stamp');
    const files = await install(staging, join(dist, step.folder), keep);
    log(`built ${step.name} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    return { digest, files };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/**
 * Builds what is stale and returns the names of the steps that ran.
 * Rejects with one sentence that names the step, and the tool's own error as its cause.
 */
export async function buildIfStale({ at = root, log = console.log, force = false } = {}) {
  const stampFile = join(at, 'dist', '.stamp');
  const digests = new Map();
  for (const step of steps) digests.set(step.name, await fingerprint(at, step.inputs));
  const stale = async () => {
    const stamp = await readStamp(stampFile);
    const fresh = await Promise.all(
      steps.map((step) => isFresh(join(at, 'dist'), step, stamp, digests.get(step.name))),
    );
    return { stamp, todo: steps.filter((_, index) => force || !fresh[index]) };
  };
  if ((await stale()).todo.length === 0) return [];
  return withLock(join(at, '.cache', 'build.lock'), async () => {
    const { stamp, todo } = await stale();
    for (const step of todo) {
      try {
        stamp[step.name] = await runStep(at, step, digests.get(step.name), log);
      } catch (error) {
        throw new Error(`The build of ${step.name} failed: ${stripVTControlCharacters(error.message)}`, {
          cause: error,
        });
      }
      await writeFile(stampFile, JSON.stringify(stamp));
    }
    return todo.map((step) => step.name);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const built = await buildIfStale({ force: process.argv.includes('--force') });
    if (built.length === 0) console.log(`${relative(process.cwd(), join(root, 'dist')) || 'dist'} is up to date`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
