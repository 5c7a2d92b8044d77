/** How long an engine goes on generating for a client that has left. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { NetConnectOpts } from 'node:net';
import { tinyModel } from '../support/gguf.ts';
import { added, against, compare, sampleOf, sidesOf } from './compare.ts';
import { startProduct } from './product.ts';
import { chatRequest } from './requests.ts';
import { row } from './row.ts';
import { nowMs } from './statistics.ts';
import { waitUntil, within } from './wait.ts';
import type { Bench } from './bench.ts';
import type { Side } from './compare.ts';
import type { Address } from './requests.ts';

/** Enough for a stream of more than ten seconds on any machine. */
const ENDLESS = { stream: true, ignore_eos: true, max_tokens: 120_000 };
const PROCESSING = /^llamacpp:requests_processing (\d+)/m;

const get = (address: Address, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const where = 'path' in address ? { socketPath: address.path } : address;
    const asked = httpRequest({ ...where, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text)).on('error', reject);
    });
    asked.on('error', reject).end();
  });

export const cancel: Bench = {
  name: 'cancel',
  summary: 'a client leaves in the middle of a stream: until its engine is idle',
  async run({ engine, quick, progress }) {
    const model = 'long';
    const product = await startProduct({
      engine,
      write: (folder) => tinyModel(folder, 'long.gguf', { contextLength: 131_072 }),
    });
    await product.client.call('models:load', { modelId: model });
    const sides = await sidesOf(product, model);
    const direct = sides.find(({ name }) => name === 'direct')?.address as Address;
    const running = async (): Promise<number> => Number(PROCESSING.exec(await get(direct, '/metrics'))?.[1]);

    const measure = async ({ address }: Side): Promise<{ ms: number }> => {
      const client = connect(address as NetConnectOpts);
      let received = '';
      client.setEncoding('latin1').on('data', (text: string) => (received = (received + text).slice(-65_536)));
      client.on('error', () => undefined);
      await within('The connection', once(client, 'connect'));
      client.write(chatRequest(model, ENDLESS));
      await waitUntil('The tenth part of the answer', () => (received.split('data:').length > 10 ? true : null));
      if ((await running()) !== 1) throw new Error('The engine does not say that it generates.');
      const leftAt = nowMs();
      client.destroy();
      await waitUntil('The end of the generation', async () => ((await running()) === 0 ? true : null), { everyMs: 1 });
      return { ms: nowMs() - leftAt };
    };
    progress('clients leave');
    const samples = await compare(sides, quick ? 2 : 15, measure);
    await product.stop();
    return [
      row('a client leaves its stream, until the engine is idle', sampleOf(samples, 'router', 'ms'), {
        target: { of: 'median', atMost: 200 },
        tail: true,
        against: against(samples, 'ms', 'ms'),
      }),
      row('what the router adds to that', added(samples, 'ms')),
    ];
  },
};
