/** Ten clients that come at the same moment to a model that was just loaded: the engine's own default makes them wait 5 s. */
import { demoModel } from './files.ts';
import { startProduct } from './product.ts';
import { chatRequest, openConnection } from './requests.ts';
import { row } from './row.ts';
import type { Bench } from './bench.ts';

const CLIENTS = 10;

export const burst: Bench = {
  name: 'burst',
  summary: `${CLIENTS} new clients at once on a model that was just loaded`,
  async run({ engine, quick, progress }) {
    const product = await startProduct({ engine, write: demoModel });
    const address = { host: '127.0.0.1', port: product.routerPort };
    const request = chatRequest('demo', { max_tokens: 1 });
    const latest: number[] = [];
    const rounds = quick ? 2 : 10;
    for (let round = 0; round < rounds; round += 1) {
      progress(`round ${round + 1} of ${rounds}`);
      await product.client.call('models:load', { modelId: 'demo' });
      const connections = await Promise.all(Array.from({ length: CLIENTS }, () => openConnection(address)));
      const answers = await Promise.all(connections.map((connection) => connection.send(request)));
      latest.push(Math.max(...answers.map(({ ms }) => ms)));
      for (const connection of connections) connection.close();
      await product.client.call('models:unload', { modelId: 'demo' });
    }
    await product.stop();
    return [
      row(`${CLIENTS} new clients at once: the latest answer`, latest, { target: { of: 'median', atMost: 100 } }),
    ];
  },
};
