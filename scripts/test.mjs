/**
 * `npm test [-- files or vitest options]`: builds what is stale, runs the tests and ends with one line, `N passed, N failed`.
 * Whatever keeps a run from proving something counts as failed; see lib/run-vitest.mjs.
 */
import { buildIfStale } from './build.mjs';
import { runVitest } from './lib/run-vitest.mjs';

const run = async () => {
  await buildIfStale();
  return runVitest({ args: process.argv.slice(2) });
};
const { passed, failed, problems } = await run().catch((error) => ({
  passed: 0,
  failed: 0,
  problems: [error.message],
}));
for (const problem of problems) console.log(`not proven: ${problem}`);
const allFailed = failed + problems.length;
process.exitCode = allFailed === 0 ? 0 : 1;
console.log(`${passed} passed, ${allFailed} failed`);
