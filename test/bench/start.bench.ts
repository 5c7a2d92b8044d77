/** How long `serve` takes to answer, and to know all models, over a folder it has never seen. */
import { manyModels } from './files.ts';
import { startProduct } from './product.ts';
import { row } from './row.ts';
import { nowMs } from './statistics.ts';
import { waitUntil } from './wait.ts';
import type { Bench } from './bench.ts';

const FILES = 500;

export const start: Bench = {
  name: 'start',
  summary: `serve over ${FILES} model files it has never seen`,
  async run({ engine, quick, progress }) {
    const rounds = quick ? 1 : 5;
    const answers: number[] = [];
    const lists: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      progress(`round ${round + 1} of ${rounds}`);
      const product = await startProduct({ engine, write: (folder) => manyModels(folder, FILES) });
      await waitUntil(`The list of ${FILES} models`, async () => {
        const { models } = await product.client.call('models:list', {});
        return models.length === FILES ? true : null;
      });
      answers.push(product.startMs);
      lists.push(nowMs() - product.startedAt);
      await product.stop();
    }
    return [
      row(`cold serve, ${FILES} files: first answer`, answers, { target: { of: 'median', atMost: 1500 } }),
      row(`cold serve, ${FILES} files: all listed, router and engine ready`, lists),
    ];
  },
};
