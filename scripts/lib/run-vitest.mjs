import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './paths.mjs';

const RUNNER = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const REPORTER = join(root, 'scripts', 'lib', 'tally-reporter.mjs');

/** Runs vitest as a child, so that a runner that dies still leaves us to say so. Returns its exit code or signal. */
async function spawnVitest(cwd, args, tallyFile, stdio) {
  const child = spawn(process.execPath, [RUNNER, 'run', '--reporter=default', `--reporter=${REPORTER}`, ...args], {
    cwd,
    stdio: ['ignore', stdio, stdio],
    env: { ...process.env, TALLY_FILE: tallyFile },
  });
  const passOn = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, passOn);
  const [code, signal] = await once(child, 'exit');
  for (const name of ['SIGINT', 'SIGTERM']) process.off(name, passOn);
  return signal ?? code;
}

/**
 * Runs the tests below `cwd` and judges the run. Returns how many tests passed and failed, and one sentence per thing that
 * kept the run from proving something: a suite that cannot start, an error outside of any test, a skipped test, a test that
 * passed only when tried again, no test at all, a runner that died.
 */
export async function runVitest({ cwd = root, args = [], stdio = 'inherit' } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'llamactor-tally-'));
  try {
    const tallyFile = join(folder, 'tally.json');
    const ended = await spawnVitest(cwd, args, tallyFile, stdio);
    const text = await readFile(tallyFile, 'utf8').catch(() => undefined);
    if (text === undefined)
      return { passed: 0, failed: 0, problems: [`the runner ended with ${ended} before it had finished`] };
    const { passed, failed, skipped, problems } = JSON.parse(text);
    // Who names tests by pattern wants the others left out.
    const chosenByName = args.some((arg) => arg === '-t' || arg.startsWith('--testNamePattern'));
    if (!chosenByName) problems.push(...skipped.map((name) => `skipped: ${name}`));
    if (passed + failed === 0) problems.push('no test was run');
    if (ended !== 0 && problems.length + failed === 0) problems.push(`the runner ended with ${ended}`);
    return { passed, failed, problems };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
