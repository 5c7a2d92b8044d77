/** Runs TypeScript of this repository on a Node that cannot: bundles it into .cache/ and imports the result. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './paths.mjs';

/**
 * Bundles `entry` (a path relative to the root) with everything it imports from this repository; installed packages stay
 * imports. Returns the path of the ES module. The module's own `import.meta.url` lies in .cache/, not beside the source.
 */
export async function bundle(entry) {
  const { build } = await import('vite');
  const name = entry.replace(/[^a-z0-9]+/gi, '-');
  const staging = join(root, '.cache', 'bundles', `${name}.${process.pid}`);
  await build({
    configFile: false,
    root,
    publicDir: false,
    logLevel: 'warn',
    build: {
      ssr: true,
      target: 'node20',
      outDir: staging,
      emptyOutDir: true,
      minify: false,
      rolldownOptions: {
        input: join(root, entry),
        external: (id) => !id.startsWith('.') && !isAbsolute(id),
        output: { format: 'es', codeSplitting: false, entryFileNames: 'bundle.mjs' },
      },
    },
  });
  const target = join(root, '.cache', 'bundles', `${name}.mjs`);
  await mkdir(join(root, '.cache', 'bundles'), { recursive: true });
  await rename(join(staging, 'bundle.mjs'), target);
  await rm(staging, { recursive: true, force: true });
  return target;
}

/** Bundles `entry` and imports it. */
export const importTypeScript = async (entry) => import(`${pathToFileURL(await bundle(entry)).href}?at=${Date.now()}`);
