/** `npm start [-- options of serve]`: builds what is stale, then is the server. One process, so signals reach it directly. */
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { buildIfStale } from './build.mjs';
import { root } from './lib/paths.mjs';

try {
  await buildIfStale();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const main = join(root, 'dist', 'llamactor.js');
process.argv = [process.argv[0], main, 'serve', ...process.argv.slice(2)];
await import(pathToFileURL(main).href);
