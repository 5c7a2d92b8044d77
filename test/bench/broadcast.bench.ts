/** How long a change of state takes to reach 200 connected sockets. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeFolder, stopChild, temporaryFolder, track } from './cleanup.ts';
import { smallModels } from './files.ts';
import { INSTANT_ENGINE, startProduct } from './product.ts';
import { row } from './row.ts';
import { waitUntil, within } from './wait.ts';
import type { Bench } from './bench.ts';
import type { Row } from './row.ts';

const AUDIENCE = resolve(import.meta.dirname, '../../test/bench/programs/socket-audience.mjs');
const CLIENTS = 200;
const MODEL = 'm000';
/** In a model's view, and in no other. */
const LOADED = '"state":"loaded","status"';

const nextMessage = async (child: ChildProcess, what: string): Promise<unknown> => {
  const [message] = (await within(what, once(child, 'message'))) as unknown[];
  return message;
};

/** Milliseconds on the clock of `nowMs`, or null while the engine, which writes it after its `ready` line, has not. */
const noted = async (path: string): Promise<number | null> => {
  const text = await readFile(path, 'utf8').catch(() => null);
  return text === null ? null : Number(BigInt(text)) / 1e6;
};

/** Delays of every client and round by event, ms. */
const measure = async (
  events: readonly string[],
  options: { models: number; rounds: number; progress: (text: string) => void },
): Promise<number[][]> => {
  const readyDir = await temporaryFolder();
  const readyFile = join(readyDir, MODEL);
  const product = await startProduct({
    engine: INSTANT_ENGINE,
    write: (folder) => smallModels(folder, options.models),
    env: { BENCH_READY_DIR: readyDir },
  });
  const live = events.includes('live:change') ? 'live' : 'legacy';
  const audience = track(fork(AUDIENCE, [product.url, String(CLIENTS), live], { execArgv: [] }));
  await nextMessage(audience, `The connection of ${CLIENTS} clients`);
  const samples: number[][] = events.map(() => []);
  for (let round = 0; round < options.rounds; round += 1) {
    options.progress(`${events[0]}, ${options.models} models, round ${round + 1} of ${options.rounds}`);
    // What the change before caused has been sent by then.
    await delay(300);
    audience.send({ watch: events.map((name) => [name, LOADED]) });
    await nextMessage(audience, 'The preparation of the clients');
    const told = nextMessage(audience, `The arrival at ${CLIENTS} clients`);
    await product.client.call('models:load', { modelId: MODEL });
    const arrivals = (await told) as Record<string, number[]>;
    const readyAt = await waitUntil('The time that the engine noted', () => noted(readyFile));
    await rm(readyFile);
    for (const [index, name] of events.entries())
      samples[index]?.push(...(arrivals[name] ?? []).map((at) => at - readyAt));
    await product.client.call('models:unload', { modelId: MODEL });
  }
  await stopChild(audience);
  await product.stop();
  await removeFolder(readyDir);
  return samples;
};

export const broadcast: Bench = {
  name: 'broadcast',
  summary: `a change of state on its way to ${CLIENTS} sockets`,
  async run({ quick, progress, note }) {
    const rounds = quick ? 2 : 20;
    const rows: Row[] = [];
    const report = async (events: string[], models: number, atMost: number | null): Promise<void> => {
      const samples = await measure(events, { models, rounds, progress });
      for (const [index, name] of events.entries()) {
        rows.push(
          row(`state change to ${CLIENTS} sockets, ${models} models: ${name}`, samples[index] ?? [], {
            tail: true,
            rounds,
            target: atMost === null ? null : { of: 'p99', atMost },
          }),
        );
      }
    };
    await report(['live:change'], 60, 100);
    await report(['models:status', 'models:updated'], 60, 100);
    await report(['models:status', 'models:updated'], 500, null);
    note(
      `State changes: from the moment the engine writes "ready" until each of ${CLIENTS} clients has read the message off its ` +
        'connection. The clients are one process of their own that looks only at the start of each message; its clock is the same. ' +
        'Subscribers of live:change receive the other broadcasts as well.',
    );
    return rows;
  },
};
