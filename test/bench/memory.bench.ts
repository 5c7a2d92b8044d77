/** Whether memory stays where it is while requests go by. */
import { setTimeout as delay } from 'node:timers/promises';
import { smallModels } from './files.ts';
import { hammer } from './hammer.ts';
import { residentMib } from './processes.ts';
import { INSTANT_ENGINE, startProduct } from './product.ts';
import { chatRequest } from './requests.ts';
import { row } from './row.ts';
import type { Bench } from './bench.ts';

/** Before the first of these the processes have warmed up and filled their bounded records; the others show where it levels off. */
const COUNTS = [10_000, 50_000, 100_000, 200_000] as const;
const WIDTH = 16;

export const memory: Bench = {
  name: 'memory',
  summary: 'resident memory of both processes after many requests',
  async run({ quick, progress }) {
    const model = 'm000';
    const product = await startProduct({ engine: INSTANT_ENGINE, write: (folder) => smallModels(folder, 1) });
    await product.client.call('models:load', { modelId: model });
    const address = { host: '127.0.0.1', port: product.routerPort };
    const request = chatRequest(model, { max_tokens: 1 });
    const rows = [];
    let sent = 0;
    let before: readonly [number, number] | null = null;
    for (const count of COUNTS) {
      const goal = quick ? count / 20 : count;
      progress(`${goal} requests`);
      await hammer(address, request, goal - sent, WIDTH);
      sent = goal;
      // Records on their way are written and collected by then.
      await delay(2000);
      const used = [await residentMib(product.pid), await residentMib(product.routerPid)] as const;
      for (const [index, who] of (['server', 'router'] as const).entries()) {
        const growth = before === null ? null : (used[index] as number) - (before[index] as number);
        rows.push(
          row(`resident memory after ${goal} requests: ${who}`, [used[index] as number], {
            unit: 'MiB',
            against: growth === null ? null : `${growth >= 0 ? '+' : ''}${growth.toFixed(1)} MiB since the first`,
          }),
        );
      }
      before ??= used;
    }
    await product.stop();
    return rows;
  },
};
