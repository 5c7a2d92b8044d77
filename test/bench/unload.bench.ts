/** How long an unload takes while the model is in the middle of an answer. */
import { connect } from 'node:net';
import { once } from 'node:events';
import { tinyModel } from '../support/gguf.ts';
import { isAlive } from './processes.ts';
import { startProduct } from './product.ts';
import { chatRequest } from './requests.ts';
import { row } from './row.ts';
import { nowMs } from './statistics.ts';
import { waitUntil, within } from './wait.ts';
import type { Bench } from './bench.ts';

/** Enough for a stream of more than ten seconds on any machine. */
const ENDLESS = { stream: true, ignore_eos: true, max_tokens: 120_000 };

export const unload: Bench = {
  name: 'unload',
  summary: 'an unload during a running stream',
  async run({ engine, quick, progress }) {
    const product = await startProduct({
      engine,
      write: (folder) => tinyModel(folder, 'long.gguf', { contextLength: 131_072 }),
    });
    const modelId = 'long';
    const rounds = quick ? 2 : 10;
    const sample: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      progress(`round ${round + 1} of ${rounds}`);
      await product.client.call('models:load', { modelId });
      const pid = await product.enginePid(modelId);
      const stream = connect({ host: '127.0.0.1', port: product.routerPort });
      let received = '';
      stream.setEncoding('latin1').on('data', (text: string) => (received = (received + text).slice(-65_536)));
      stream.on('error', () => undefined);
      await within('The connection to the router', once(stream, 'connect'));
      stream.write(chatRequest(modelId, ENDLESS));
      await waitUntil('The tenth part of the answer', () => (received.split('data:').length > 10 ? true : null));
      if (stream.closed || received.includes('[DONE]')) throw new Error('The stream ended before the unload.');

      const startedAt = nowMs();
      await product.client.call('models:unload', { modelId });
      await waitUntil('The end of the engine', async () => ((await isAlive(pid)) ? null : true), { everyMs: 1 });
      sample.push(nowMs() - startedAt);
      stream.destroy();
    }
    await product.stop();
    return [
      row('unload during a stream, until the process is gone', sample, { target: { of: 'median', atMost: 1000 } }),
    ];
  },
};
