/**
 * Everything at once for some minutes: chats, streams, clients that leave, loads and unloads, scans, settings, and the sudden
 * death of models and of the router. At the end nothing may be left of it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tinyModel } from '../../support/gguf.ts';
import { CodedError } from '../../../src/client/index.ts';
import { startProduct } from '../product.ts';
import { row } from '../row.ts';
import { nowMs } from '../statistics.ts';
import { waitUntil } from '../wait.ts';
import { chat } from './client.ts';
import { childrenOf, holdingsOf, idlePercent, newTargets } from './leaks.ts';
import { Tally } from './tally.ts';
import type { Bench } from '../bench.ts';
import type { Product } from '../product.ts';
import type { Holdings } from './leaks.ts';

const MODELS = ['alpha', 'beta', 'gamma', 'delta'] as const;
const WORKERS = 8;
/** Five deaths within five minutes and a process is given up until somebody starts it: the router may not come that far here. */
const ROUTER_DIES_EVERY_MS = 75_000;
/** After the router's death its port is closed until it runs again. */
const ROUTER_BACK_MS = 20_000;
const SETTLE_MS = 8_000;
/** Descriptors that may differ between two quiet moments (a log file that rotates, a connection that just ends). */
const SLACK = 3;
const QUIET_PERCENT = 10;

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;
const between = (from: number, to: number): number => Math.floor(from + Math.random() * (to - from));

/** The moments at which the router was killed, ms of `nowMs`. */
class RouterDeaths {
  readonly #at: number[] = [];

  add(): void {
    this.#at.push(nowMs());
  }

  /** Whether one may have hurt a request that ran from `from` until now. */
  since(from: number): boolean {
    return this.#at.some((at) => at > from - ROUTER_BACK_MS);
  }
}

interface Soak {
  product: Product;
  tally: Tally;
  deaths: RouterDeaths;
  over(): boolean;
}

const oneChat = async ({ product, tally, deaths }: Soak, abort: boolean): Promise<void> => {
  const startedAt = nowMs();
  const outcome = await chat({
    port: product.routerPort,
    model: pick(MODELS),
    stream: Math.random() < 0.5,
    maxTokens: abort ? 2000 : pick([1, 4, 30, 200]),
    abortAfterMs: abort ? between(1, 400) : null,
  });
  tally.take(outcome, deaths.since(startedAt));
  // While the router restarts its port is closed and says so at once.
  if (outcome.kind === 'cut') await delay(500);
};

/** A command may be refused, with a code, as things stand; anything else is wrong. */
const command = async ({ tally }: Soak, name: string, run: () => Promise<unknown>): Promise<void> => {
  try {
    await run();
    tally.count(`${name} done`);
  } catch (error) {
    if (error instanceof CodedError && error.code !== 'INTERNAL') tally.count(`${name} refused: ${error.code}`);
    else tally.violation(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const oneStep = async (soak: Soak): Promise<void> => {
  const { client } = soak.product;
  const dice = Math.random();
  if (dice < 0.65) return oneChat(soak, false);
  if (dice < 0.82) return oneChat(soak, true);
  if (dice < 0.88) return command(soak, 'load', () => client.call('models:load', { modelId: pick(MODELS) }));
  if (dice < 0.94) return command(soak, 'unload', () => client.call('models:unload', { modelId: pick(MODELS) }));
  if (dice < 0.97) return command(soak, 'scan', () => client.call('models:scan', {}));
  const value = pick([1, 2, 3]);
  return command(soak, 'settings', () => client.call('config:update', { key: 'modelsMax', value }));
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in this moment.
  }
};

const killings = async (soak: Soak): Promise<void> => {
  const { product, tally, deaths } = soak;
  let routerDiesAt = nowMs() + ROUTER_DIES_EVERY_MS / 3;
  while (!soak.over()) {
    await delay(between(3000, 7000));
    if (nowMs() >= routerDiesAt) {
      routerDiesAt = nowMs() + ROUTER_DIES_EVERY_MS;
      const { router } = await product.client.call('router:status', {});
      if (router.pid === null) continue;
      deaths.add();
      kill(router.pid);
      tally.count('routers killed');
    } else {
      const { models } = await product.client.call('models:list', {});
      const running = models.flatMap(({ pid }) => (pid === null ? [] : [pid]));
      if (running.length === 0) continue;
      kill(pick(running));
      tally.count('models killed');
    }
  }
};

interface Quiet {
  server: Holdings;
  router: Holdings;
  routerPid: number;
}

/** Unloads everything, waits for what ends by itself, and looks. */
const quiet = async ({ client, pid }: Product): Promise<Quiet> => {
  const routerPid = await waitUntil('The return of the router', async () => {
    const { router } = await client.call('router:status', {});
    return router.state === 'loaded' ? router.pid : null;
  });
  for (const modelId of MODELS) await client.call('models:unload', { modelId });
  await waitUntil('The end of every model', async () => {
    const { models } = await client.call('models:list', {});
    return models.every((model) => model.pid === null) ? true : null;
  });
  await delay(SETTLE_MS);
  return { server: await holdingsOf(pid), router: await holdingsOf(routerPid), routerPid };
};

const compareQuiet = async (product: Product, tally: Tally, before: Quiet, after: Quiet): Promise<void> => {
  for (const who of ['server', 'router'] as const) {
    for (const what of ['descriptors', 'sockets', 'threads'] as const) {
      const [was, is] = [before[who][what], after[who][what]];
      if (is > was + SLACK)
        tally.violation(`the ${who} holds ${is} ${what}, ${was} before; new: ${newTargets(before[who], after[who])}`);
    }
  }
  const children = (await childrenOf(product.pid)).filter((pid) => pid !== after.routerPid);
  if (children.length > 1) tally.violation(`${children.length} processes are left beside the router`);
  const { models } = await product.client.call('models:list', {});
  for (const model of models) {
    if (model.inFlight > 0)
      tally.violation(`${model.id} counts ${model.inFlight} requests in flight, and there are none`);
    if (model.state !== 'unloaded') tally.violation(`${model.id} is ${model.state} after its unload`);
  }
  const files = (await readdir(join(product.dataDir, 'run'), { recursive: true })).filter((name) =>
    name.endsWith('.sock'),
  );
  if (files.length > 0) tally.violation(`${files.length} sockets of engines are left on disk`);
  for (const [who, pid] of [
    ['server', product.pid],
    ['router', after.routerPid],
  ] as const) {
    const percent = await idlePercent(pid, 5000);
    if (percent > QUIET_PERCENT) tally.violation(`the quiet ${who} uses ${percent.toFixed(1)} % of a core`);
  }
};

export const soak: Bench = {
  name: 'soak',
  summary: 'only by name: everything at once for --minutes (10), then looks for what is left',
  onlyByName: true,
  async run({ engine, minutes, progress, note }) {
    const product = await startProduct({
      engine,
      write: async (folder) => {
        for (const model of MODELS) await tinyModel(folder, `${model}.gguf`, { contextLength: 8192 });
      },
    });
    const tally = new Tally();
    // Each model once, so that what is made lazily is there before the first look.
    for (const modelId of MODELS) {
      await product.client.call('models:load', { modelId });
      await chat({ port: product.routerPort, model: modelId, stream: true, maxTokens: 4, abortAfterMs: null });
    }
    const before = await quiet(product);

    const until = nowMs() + minutes * 60_000;
    const state: Soak = { product, tally, deaths: new RouterDeaths(), over: () => nowMs() >= until };
    const teller = setInterval(() => {
      const left = Math.max(0, Math.round((until - nowMs()) / 1000));
      progress(`${left} s left, ${tally.get('requests answered')} answered, ${tally.violations.length} violations`);
    }, 10_000);
    const worker = async (): Promise<void> => {
      while (!state.over()) {
        await oneStep(state);
        await delay(between(0, 40));
      }
    };
    await Promise.all([killings(state), ...Array.from({ length: WORKERS }, worker)]);
    clearInterval(teller);

    progress('settling');
    const after = await quiet(product).catch((error: unknown) => {
      tally.violation(error instanceof Error ? error.message : String(error));
      return before;
    });
    if (after !== before) await compareQuiet(product, tally, before, after);
    await product.stop();
    for (const [what, count] of tally.all()) note(`${String(count).padStart(7)}  ${what}`);
    for (const violation of tally.violations) note(`VIOLATION: ${violation}`);
    if (tally.violations.length > 0) throw new Error(`${tally.get('violations')} violations; they are listed above.`);
    return (['server', 'router'] as const).flatMap((who) => [
      row(`soak of ${minutes} min: ${who}, descriptors afterwards`, [after[who].descriptors], {
        unit: '',
        against: `${before[who].descriptors} before`,
      }),
      row(`soak of ${minutes} min: ${who}, resident memory afterwards`, [after[who].residentMib], {
        unit: 'MiB',
        against: `${before[who].residentMib.toFixed(0)} MiB before`,
      }),
    ]);
  },
};
