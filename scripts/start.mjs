/** `npm start [-- options of serve]`: builds what is stale, then is the server itself. One process, one set of signals. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildIfStale } from './build.mjs';
import { root } from './lib/paths.mjs';

/**
 * npm starts scripts through a shell, and a signal to npm ends that shell without reaching us: `kill` of a running
 * `npm start` would leave the server behind. When the shell is gone, we stop as if we had been told to.
 */
function stopWithShell() {
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  timer.unref();
}

if (process.env['npm_lifecycle_event'] !== undefined && process.platform !== 'win32') stopWithShell();
try {
  await buildIfStale();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const main = join(root, 'dist', 'llamactor.js');
process.argv = [process.argv[0], main, 'serve', ...process.argv.slice(2)];
await import(pathToFileURL(main).href);
