/** `npm run check [-- names]`: every static check, two at a time; all of them run, and the end lists those that failed. */
import { spawn } from 'node:child_process';
import { root } from './lib/paths.mjs';

const bin = (name, ...args) => [`node_modules/${name}`, ...args];
const tsc = (project) => bin('typescript/bin/tsc', '-p', project, '--noEmit', '--incremental');

/** Longest first, so that the short ones fill the gaps. */
const steps = {
  lint: bin('eslint/bin/eslint.js', '--max-warnings=0', '.'),
  'types of src, test and scripts': tsc('src'),
  format: bin('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'),
  'types of web': tsc('web'),
  'types of machines': tsc('machines'),
  layers: ['scripts/check/dependencies.mjs'],
  'unused code': bin('knip/bin/knip.js', '--no-progress'),
  'generated files': ['scripts/generate.mjs', '--check'],
};

function run(name, args) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => output.push(Buffer.from(error.message)));
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
      if (code !== 0) console.log(Buffer.concat(output).toString().trimEnd().replace(/^/gm, '       '));
      resolve(code === 0 ? [] : [name]);
    });
  });
}

const wanted = process.argv.slice(2);
const queue = Object.entries(steps).filter(
  ([name]) => wanted.length === 0 || wanted.some((word) => name.includes(word)),
);
if (queue.length === 0) {
  console.error(`No check is called ${wanted.join(' or ')}; there are: ${Object.keys(steps).join(', ')}.`);
  process.exit(1);
}
const failed = [];
const worker = async () => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) failed.push(...(await run(...next)));
};
await Promise.all([worker(), worker()]);
console.log(failed.length === 0 ? 'all checks passed' : `failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
