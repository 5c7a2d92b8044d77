/** `npm run screenshots [-- names]`: builds dist/, then takes the pictures that test/browser/screenshots.ts lists. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buildIfStale } from './build.mjs';
import { root } from './lib/paths.mjs';
import { bundle } from './lib/typescript.mjs';

try {
  await buildIfStale();
  const script = await bundle('test/browser/screenshots.ts');
  const child = spawn(process.execPath, [script, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
  const [code, signal] = await once(child, 'exit');
  process.exitCode = signal === null ? code : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
