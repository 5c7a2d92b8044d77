/** A busy channel, and a flood of log lines beside streams. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stopChild, track } from './cleanup.ts';
import { smallModels } from './files.ts';
import { cpuSeconds, residentMib } from './processes.ts';
import { INSTANT_ENGINE, startProduct } from './product.ts';
import type { Product } from './product.ts';
import { chatRequest } from './requests.ts';
import { row } from './row.ts';
import { streamAll } from './streams.ts';
import { within } from './wait.ts';
import type { Bench } from './bench.ts';
import type { Row } from './row.ts';

const AUDIENCE = resolve(import.meta.dirname, '../../test/bench/programs/channel-audience.mjs');
const CLIENTS = 200;
const PER_SECOND = 50;
const READERS = 50;
const LINES_PER_SECOND = 20_000;
const STREAMS = 8;

interface Talk {
  sent: number;
  delivered: number;
  lost: number;
  disordered: number;
  latencies: number[];
}

const next = async (child: ChildProcess, what: string): Promise<unknown> => {
  const [message] = (await within(what, once(child, 'message'), 180_000)) as unknown[];
  return message;
};
const audience = async (product: Product, clients: number, kind: 'channel' | 'logs'): Promise<ChildProcess> => {
  const child = track(
    fork(AUDIENCE, [product.url, String(clients), kind], { execArgv: [], serialization: 'advanced' }),
  );
  await next(child, `The connection of ${clients} clients`);
  return child;
};

/** So many at most, evenly by their order, the largest among them: order statistics stay as they are. */
const thinned = (sample: readonly number[], most: number): number[] => {
  const sorted = [...sample].sort((a, b) => b - a);
  const step = Math.ceil(sorted.length / most);
  return sorted.filter((_, index) => index % step === 0);
};

const busyChannel = async (seconds: number, note: (text: string) => void): Promise<Row[]> => {
  const product = await startProduct({ engine: INSTANT_ENGINE, write: (folder) => smallModels(folder, 2) });
  await product.client.call('config:update', { config: { channelEventsPerMinute: 0 } });
  const child = await audience(product, CLIENTS, 'channel');
  const [memoryBefore, cpuBefore] = [await residentMib(product.pid), await cpuSeconds(product.pid)];
  const told = next(child, 'The arrival of all messages');
  child.send({ rate: PER_SECOND, seconds });
  const talk = (await told) as Talk;
  const cpu = (await cpuSeconds(product.pid)) - cpuBefore;
  const memory = (await residentMib(product.pid)) - memoryBefore;
  await stopChild(child);
  await product.stop();
  const { sent, delivered, lost, disordered, latencies } = talk;
  note(
    `A busy channel: ${sent} messages in ${seconds} s to ${CLIENTS} members, ${delivered} delivered, ${lost} lost, ${disordered} out of order; each is on disk before it is told. The members are one process that reads every message, on the same machine.`,
  );
  return [
    row(`message to ${CLIENTS} members, ${PER_SECOND} a second`, thinned(latencies, 50_000), {
      tail: true,
      rounds: sent,
      target: { of: 'p99', atMost: 150 },
    }),
    row('messages lost or out of order', [lost + disordered], {
      unit: 'messages',
      target: { of: 'median', atMost: 0 },
    }),
    row('processor time of the server for it', [(cpu / seconds) * 100], { unit: '% of a core' }),
    row('memory that the server grew by', [memory], { unit: 'MiB' }),
  ];
};

const flood = async (seconds: number, note: (text: string) => void): Promise<Row[]> => {
  const product = await startProduct({
    engine: INSTANT_ENGINE,
    write: (folder) => smallModels(folder, 2),
    env: { BENCH_FLOOD_MODEL: 'm001', BENCH_FLOOD_LINES: String(LINES_PER_SECOND) },
  });
  await product.client.call('config:update', { config: { channelEventsPerMinute: 0 } });
  // What an engine says once it is ready is for those who look for trouble.
  await product.client.call('settings:update', { settings: { logLevel: 'debug' } });
  await product.client.call('models:load', { modelId: 'm000' });
  const tokens = seconds * 200;
  const streams = () =>
    streamAll(
      { host: '127.0.0.1', port: product.routerPort },
      chatRequest('m000', { stream: true, max_tokens: tokens }),
      STREAMS,
      tokens,
    );
  const quiet = await streams();
  const child = await audience(product, READERS, 'logs');
  await product.client.call('models:load', { modelId: 'm001' });
  await delay(500);
  const loud = await streams();
  const told = next(child, 'The count of lines');
  child.send({ count: true });
  const { lines, skipped } = (await told) as { lines: number; skipped: number };
  await stopChild(child);
  await product.stop();
  note(
    `A flood: an engine prints ${LINES_PER_SECOND} lines a second while ${READERS} clients follow the log; together they were sent ${lines} lines and told that ${skipped} were skipped. ${STREAMS} streams of another model, a token every 5 ms.`,
  );
  return [
    row('gap within a stream, p99, no flood', [quiet.gapP99]),
    row(`gap within a stream, p99, ${LINES_PER_SECOND} log lines a second to ${READERS} readers`, [loud.gapP99], {
      against: `${(loud.gapP99 / quiet.gapP99).toFixed(2)} × without`,
    }),
    row('tokens a second beside the flood', [loud.tokensPerSecond], {
      unit: 'tokens/s',
      against: `${(loud.tokensPerSecond / quiet.tokensPerSecond).toFixed(2)} × without`,
    }),
  ];
};

export const channels: Bench = {
  name: 'channels',
  summary: `${CLIENTS} members of a busy channel; ${LINES_PER_SECOND} log lines a second beside streams`,
  async run({ quick, progress, note }) {
    progress('a busy channel');
    const busy = await busyChannel(quick ? 5 : 60, note);
    progress('a flood of log lines');
    return [...busy, ...(await flood(quick ? 3 : 10, note))];
  },
};
