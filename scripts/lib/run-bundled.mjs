import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buildIfStale } from '../build.mjs';
import { root } from './paths.mjs';
import { bundle } from './typescript.mjs';

/** Builds what is stale in dist/, then runs a TypeScript program of this repository as a process of its own; sets the exit code. */
export async function runBundled(entry, { node = [], args = process.argv.slice(2) } = {}) {
  try {
    await buildIfStale();
    const child = spawn(process.execPath, [...node, await bundle(entry), ...args], { cwd: root, stdio: 'inherit' });
    const [code, signal] = await once(child, 'exit');
    process.exitCode = signal === null ? code : 1;
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
