/** How long a scan takes over files that are new, and over the same files again. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeFolder, temporaryFolder } from './cleanup.ts';
import { manyModels, smallModels } from './files.ts';
import { startProduct } from './product.ts';
import { row } from './row.ts';
import { nowMs } from './statistics.ts';
import type { Bench } from './bench.ts';
import type { Product } from './product.ts';

const FILES = 1000;
/** The watch looks at new files until they keep their size for 2 s, and then has a scan of its own made. */
const WATCH_SETTLES_MS = 4000;

const scanMs = async ({ client }: Product): Promise<number> => {
  const startedAt = nowMs();
  const { found } = await client.call('models:scan', {});
  if (found !== FILES + 1) throw new Error(`The scan found ${found} models, not ${FILES + 1}.`);
  return nowMs() - startedAt;
};

export const scan: Bench = {
  name: 'scan',
  summary: `a scan of ${FILES} files, new and known`,
  async run({ engine, quick, progress }) {
    const rounds = quick ? 1 : 3;
    const again = quick ? 2 : 5;
    const cold: number[] = [];
    const cached: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      progress(`round ${round + 1} of ${rounds}`);
      const source = await temporaryFolder();
      await manyModels(join(source, 'many'), FILES);
      let modelsDir = '';
      const product = await startProduct({
        engine,
        write: (folder) => {
          modelsDir = folder;
          // A server without any model writes one at its start.
          return smallModels(folder, 1);
        },
      });
      // All files appear at once, long before the watch of the folder would have a scan made.
      await rename(join(source, 'many'), join(modelsDir, 'many'));
      cold.push(await scanMs(product));
      await delay(WATCH_SETTLES_MS);
      for (let time = 0; time < again; time += 1) cached.push(await scanMs(product));
      await product.stop();
      await removeFolder(source);
    }
    return [
      row(`models:scan, ${FILES} new files`, cold, { target: { of: 'median', atMost: 3000 } }),
      row(`models:scan, ${FILES} known files`, cached, { target: { of: 'median', atMost: 300 } }),
    ];
  },
};
