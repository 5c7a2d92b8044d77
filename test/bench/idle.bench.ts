/** What the server uses while nothing happens, and how much memory it holds. */
import { setTimeout as delay } from 'node:timers/promises';
import { demoModel } from './files.ts';
import { cpuSeconds, residentMib } from './processes.ts';
import { startProduct } from './product.ts';
import { chatRequest, inParallel } from './requests.ts';
import { row } from './row.ts';
import { nowMs } from './statistics.ts';
import type { Bench } from './bench.ts';

const REQUESTS = 1000;

export const idle: Bench = {
  name: 'idle',
  summary: 'processor time and memory of both processes',
  async run({ engine, quick, progress }) {
    const product = await startProduct({ engine, write: demoModel });
    const { client, pid, routerPid } = product;
    // What a start leaves behind is collected or written by then.
    progress('settling');
    await delay(quick ? 500 : 3000);
    const started = [await residentMib(pid), await residentMib(routerPid)] as const;

    await client.live(
      () => undefined,
      () => undefined,
    );
    await client.call('metrics:subscribe', { interval: 2000 });
    // V8 collects what the start left behind some seconds after it, once.
    await delay(quick ? 500 : 15_000);
    const seconds = quick ? 3 : 20;
    progress(`idle for ${seconds} s`);
    const before = [await cpuSeconds(pid), await cpuSeconds(routerPid)] as const;
    const from = nowMs();
    await delay(seconds * 1000);
    const elapsed = (nowMs() - from) / 1000;
    const percent = (after: number, earlier: number): number => (100 * (after - earlier)) / elapsed;
    const server = percent(await cpuSeconds(pid), before[0]);
    const router = percent(await cpuSeconds(routerPid), before[1]);

    progress(`${REQUESTS} chat requests`);
    await client.call('models:load', { modelId: 'demo' });
    const address = { host: '127.0.0.1', port: product.routerPort };
    await inParallel(address, chatRequest('demo', { max_tokens: 1 }), quick ? 50 : REQUESTS, 4);
    await delay(1000);
    const used = [await residentMib(pid), await residentMib(routerPid)] as const;
    await product.stop();

    const who = 'one dashboard connected, metrics every 2 s';
    const percents = { unit: '% of a core', target: { of: 'median', atMost: 1 } } as const;
    const mib = { unit: 'MiB' };
    const both = (pair: readonly [number, number]): string => `both ${(pair[0] + pair[1]).toFixed(0)} MiB`;
    return [
      row(`idle processor time over ${seconds} s, ${who}: server`, [server], percents),
      row(`idle processor time over ${seconds} s, ${who}: router`, [router], percents),
      row('resident memory after the start: server', [started[0]], { ...mib, against: both(started) }),
      row('resident memory after the start: router', [started[1]], mib),
      row(`resident memory after ${REQUESTS} chats: server`, [used[0]], { ...mib, against: both(used) }),
      row(`resident memory after ${REQUESTS} chats: router`, [used[1]], mib),
    ];
  },
};
