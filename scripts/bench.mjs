/** `npm run bench [-- names]`: builds dist/, then runs test/bench/index.ts, which chooses among test/bench/*.bench.ts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buildIfStale } from './build.mjs';
import { root } from './lib/paths.mjs';
import { bundle } from './lib/typescript.mjs';

try {
  await buildIfStale();
  // A process of its own, so that the bundler's memory and threads are no part of what is measured.
  const child = spawn(
    process.execPath,
    ['--expose-gc', await bundle('test/bench/index.ts'), ...process.argv.slice(2)],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  const [code, signal] = await once(child, 'exit');
  process.exitCode = signal === null ? code : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
