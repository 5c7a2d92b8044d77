/** How long what a run writes takes to reach the client that follows it, with as many runs as may run at once. */
import { resolve } from 'node:path';
import { hasRunEnded } from '../../src/contracts/runs.ts';
import { smallModels } from './files.ts';
import { INSTANT_ENGINE, startProduct } from './product.ts';
import { row } from './row.ts';
import { nowMs } from './statistics.ts';
import { waitUntil } from './wait.ts';
import type { Bench } from './bench.ts';

const AGENT = resolve(import.meta.dirname, '../../test/bench/programs/stamping-agent.mjs');
const RUNS = 5;
const EVERY_MS = 20;

export const runs: Bench = {
  name: 'runs',
  summary: `what ${RUNS} runs write on its way to a client that follows them`,
  async run({ quick, progress, note }) {
    const lines = quick ? 50 : 1000;
    const product = await startProduct({
      engine: INSTANT_ENGINE,
      write: (folder) => smallModels(folder, 1),
      env: { LLAMACTOR_RUNS_COMMAND: `${process.execPath} ${AGENT}` },
    });
    const { client } = product;
    const delays: number[] = [];
    const prompt = JSON.stringify({ lines, everyMs: EVERY_MS });
    const started = await Promise.all(Array.from({ length: RUNS }, () => client.call('runs:start', { prompt })));
    progress(`${RUNS} runs write ${lines} lines each`);
    const followers = started.map(({ run }) => {
      let rest = '';
      return client.followRun(run.id, 0, ({ text }) => {
        const at = nowMs();
        const parts = (rest + text).split('\n');
        rest = parts.pop() ?? '';
        for (const line of parts) delays.push(at - Number(line));
      });
    });
    await Promise.all(followers.map(({ ready }) => ready));
    await waitUntil(
      'The end of the runs',
      async () => {
        const { runs: all } = await client.call('runs:list', {});
        return all.every(({ state }) => hasRunEnded(state)) && delays.length === RUNS * lines ? true : null;
      },
      // Seldom, because the asking is work for the server too.
      { timeoutMs: 120_000, everyMs: 500 },
    );
    await product.stop();
    note(
      `Output of runs: from just before the child writes a line until the client’s callback has it, ${RUNS} runs at once, a line ` +
        `every ${EVERY_MS} ms each.`,
    );
    return [row(`output of ${RUNS} runs to a client`, delays, { tail: true, target: { of: 'p99', atMost: 50 } })];
  },
};
