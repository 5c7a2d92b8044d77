/** What the supervisor adds to a llama-server's own start. */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { tinyModel } from '../support/gguf.ts';
import { stopChild, track } from './cleanup.ts';
import { demoModel } from './files.ts';
import { commandLineOf, environmentOf } from './processes.ts';
import { startProduct } from './product.ts';
import { row } from './row.ts';
import { median, nowMs } from './statistics.ts';
import { within } from './wait.ts';
import type { Bench } from './bench.ts';
import type { Product } from './product.ts';

const MIB = 1024 * 1024;
const READY = '"state":"ready"';

interface Launch {
  command: string[];
  env: NodeJS.ProcessEnv;
  socketPath: string;
}

/** How the server itself starts this model, read from the process. */
const launchOf = async (product: Product, model: string): Promise<Launch> => {
  const pid = await product.enginePid(model);
  const command = await commandLineOf(pid);
  const ours = command[command.indexOf('--host') + 1] ?? '';
  const socketPath = ours.replace(/\.sock$/, '-own.sock');
  return {
    command: command.map((part) => (part === ours ? socketPath : part)),
    env: await environmentOf(pid),
    socketPath,
  };
};

/** Starts the engine by hand and takes the time to its `ready` line. */
const ownStart = async ({ command: [program = '', ...args], env, socketPath }: Launch): Promise<number> => {
  const startedAt = nowMs();
  const child = track(spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] }));
  child.stderr.resume();
  let rest = '';
  const ready = new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      rest = (rest + text).slice(-4096);
      if (rest.includes(READY)) resolve(nowMs() - startedAt);
    });
    child.once('exit', (code) => reject(new Error(`The engine ended with ${code} before it was ready.`)));
  });
  const ms = await within('The start of the engine', ready, 60_000);
  await stopChild(child, () => child.stdin.end());
  await rm(socketPath, { force: true });
  return ms;
};

const ourStart = async (product: Product, model: string): Promise<number> => {
  const startedAt = nowMs();
  await product.client.call('models:load', { modelId: model });
  return nowMs() - startedAt;
};

export const load: Bench = {
  name: 'load',
  summary: "what a load adds to llama-server's own start",
  async run({ engine, quick, progress }) {
    const product = await startProduct({
      engine,
      write: async (folder) => {
        await demoModel(folder);
        await tinyModel(folder, 'padded.gguf', { padToBytes: 200 * MIB });
      },
    });
    const rows = [];
    for (const [model, words] of [
      ['demo', 'demo model'],
      ['padded', '200 MiB model'],
    ] as const) {
      const rounds = quick ? 2 : 15;
      // Also brings the file into the page cache for both sides.
      await ourStart(product, model);
      const launch = await launchOf(product, model);
      await product.client.call('models:unload', { modelId: model });
      const own: number[] = [];
      const ours: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        progress(`${words}, round ${round + 1} of ${rounds}`);
        const first = round % 2 === 0;
        if (first) own.push(await ownStart(launch));
        ours.push(await ourStart(product, model));
        await product.client.call('models:unload', { modelId: model });
        if (!first) own.push(await ownStart(launch));
      }
      const added = ours.map((ms, round) => ms - (own[round] as number));
      const both = (of: (sample: readonly number[]) => number): string =>
        `${of(ours).toFixed(0)} for ${of(own).toFixed(0)} ms`;
      const ratio = (median(ours) / median(own)).toFixed(2);
      rows.push(
        row(`load to ready, ${words}: added to the engine's own start`, added, {
          target: { of: 'median', atMost: 30 },
          // On a busy machine the fastest of each side says more than the middle.
          against: `${ratio} × its own (${both(median)}), fastest ${both((sample) => Math.min(...sample))}`,
        }),
      );
    }
    await product.stop();
    return rows;
  },
};
