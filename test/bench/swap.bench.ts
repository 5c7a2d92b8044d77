/** Two models where only one fits: from a request for the one that is not loaded to its complete answer. */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { tinyModel } from '../support/gguf.ts';
import { stopChild, track } from './cleanup.ts';
import { added, against, compare, ratios, sampleOf } from './compare.ts';
import { commandLineOf, environmentOf } from './processes.ts';
import { startProduct } from './product.ts';
import { chatRequest, inSequence } from './requests.ts';
import { startRouterMode } from './router-mode.ts';
import { row } from './row.ts';
import { nowMs } from './statistics.ts';
import { within } from './wait.ts';
import type { Bench } from './bench.ts';
import type { Side } from './compare.ts';
import type { Product } from './product.ts';
import type { Address } from './requests.ts';

const MODELS = ['tiny-a', 'tiny-b'] as const;
const READY = '"state":"ready"';

interface Running {
  stop(): Promise<void>;
  address: { path: string };
}

/** The same command lines that the product uses, started and ended by hand: what a swap costs without anybody between. */
const byHand = async (product: Product) => {
  const launches = new Map<string, { command: string[]; env: NodeJS.ProcessEnv; ours: string }>();
  for (const modelId of MODELS) {
    await product.client.call('models:load', { modelId });
    const pid = await product.enginePid(modelId);
    const command = await commandLineOf(pid);
    launches.set(modelId, {
      command,
      env: await environmentOf(pid),
      ours: command[command.indexOf('--host') + 1] ?? '',
    });
  }
  let running: Running | null = null;
  let starts = 0;
  const start = async (modelId: string): Promise<Running> => {
    const launch = launches.get(modelId);
    if (launch === undefined) throw new Error(`There is no command line for ${modelId}.`);
    starts += 1;
    const path = launch.ours.replace(/\.sock$/, `-${starts}.sock`);
    const [program = '', ...args] = launch.command.map((part) => (part === launch.ours ? path : part));
    const child = track(spawn(program, args, { env: launch.env, stdio: ['pipe', 'pipe', 'ignore'] }));
    let rest = '';
    await within(
      'The start of the engine',
      new Promise<void>((resolve) => {
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          rest = (rest + text).slice(-4096);
          if (rest.includes(READY)) resolve();
        });
      }),
    );
    const stop = async (): Promise<void> => {
      await stopChild(child, () => child.stdin.end());
      await rm(path, { force: true });
    };
    return { address: { path }, stop };
  };
  return {
    async swap(modelId: string, request: Buffer): Promise<void> {
      await running?.stop();
      running = await start(modelId);
      await inSequence(running.address, request, 1);
    },
    stop: async () => running?.stop(),
  };
};

export const swap: Bench = {
  name: 'swap',
  summary: 'a request for the other of two models where only one fits',
  async run({ engine, quick, progress, note }) {
    let modelsDir = '';
    const product = await startProduct({
      engine,
      write: async (folder) => {
        modelsDir = folder;
        for (const model of MODELS) await tinyModel(folder, `${model}.gguf`);
      },
    });
    await product.client.call('config:update', { key: 'modelsMax', value: 1 });
    const hand = await byHand(product);
    const routerMode = await startRouterMode(engine, modelsDir);
    if (routerMode === null)
      note(
        "llama-server's own router mode is not compared: this engine needs its own loader, and patchelf is not on PATH.",
      );
    const nowhere: Address = { path: '' };
    const sides: Side[] = [
      { name: 'router', address: { host: '127.0.0.1', port: product.routerPort }, pid: null },
      { name: 'by hand', address: nowhere, pid: null },
      ...(routerMode === null ? [] : [{ ...routerMode, pid: null }]),
    ];
    const requests = MODELS.map((model) => ({ model, bytes: chatRequest(model, { max_tokens: 4 }) }));
    const turns = new Map<string, number>();
    const measure = async (side: Side) => {
      const turn = turns.get(side.name) ?? 0;
      turns.set(side.name, turn + 1);
      const { model, bytes } = requests[turn % requests.length] as (typeof requests)[number];
      const startedAt = nowMs();
      if (side.name === 'by hand') await hand.swap(model, bytes);
      else await inSequence(side.address, bytes, 1);
      return { ms: nowMs() - startedAt };
    };
    progress('warming up');
    await compare(sides, 2, measure);
    progress('swaps in turns');
    const samples = await compare(sides, quick ? 4 : 20, measure);
    await hand.stop();
    await routerMode?.stop();
    await product.stop();
    return [
      row('swap of two tiny models, request to complete answer', sampleOf(samples, 'router', 'ms'), {
        target: { of: 'ratio', to: 'router mode', atMost: 0.8 },
        against: against(samples, 'ms', 'ms'),
        ratios: ratios(samples, 'ms'),
      }),
      row('the same: added to doing it by hand', added(samples, 'ms', 'by hand')),
    ];
  },
};
