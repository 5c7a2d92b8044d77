/** What a client that keeps asking for a broken model gets, and what it costs the machine. */
import { open } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { tinyModel } from '../support/gguf.ts';
import { demoModel } from './files.ts';
import { startProduct } from './product.ts';
import { row } from './row.ts';
import { nowMs } from './statistics.ts';
import type { Bench } from './bench.ts';

const TIMES = 10;

/** A good header, so that the scan takes it, and tensors of a size that the file does not have. */
const brokenModel = async (folder: string): Promise<void> => {
  const path = await tinyModel(folder, 'broken.gguf');
  const file = await open(path, 'r+');
  // The architecture's name stands near the start; the engine refuses one that it does not know, the header stays readable.
  const head = Buffer.alloc(4096);
  await file.read(head, 0, head.length, 0);
  const at = head.indexOf('general.architecture') + 'general.architecture'.length + 4 + 8;
  await file.write(Buffer.from('xlama'), 0, 5, at);
  await file.close();
};

interface Told {
  ms: number;
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

const ask = (port: number): Promise<Told> =>
  new Promise((resolve, reject) => {
    const startedAt = nowMs();
    const sent = request({ host: '127.0.0.1', port, path: '/v1/chat/completions', method: 'POST', agent: false });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({ ms: nowMs() - startedAt, status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    sent.end(JSON.stringify({ model: 'broken', messages: [{ role: 'user', content: 'Hello' }] }));
  });

export const broken: Bench = {
  name: 'broken',
  summary: `a model that cannot load, asked for ${TIMES} times`,
  async run({ engine, progress, note }) {
    const product = await startProduct({
      engine,
      write: async (folder) => {
        await demoModel(folder);
        await brokenModel(folder);
      },
    });
    const pids = new Set<number>();
    const live = await product.client.live(
      () => undefined,
      (changes) => {
        for (const change of changes)
          if (change.kind === 'model' && change.model.id === 'broken' && change.model.pid !== null)
            pids.add(change.model.pid);
      },
    );
    const told: Told[] = [];
    for (let time = 1; time <= TIMES; time += 1) {
      progress(`time ${time} of ${TIMES}`);
      told.push(await ask(product.routerPort));
    }
    live.stop();
    await product.stop();
    const last = told.at(-1) as Told;
    note(
      `A broken model, answer ${TIMES}: ${last.status}, Retry-After ${last.headers['retry-after'] ?? 'none'}, ${last.text.slice(0, 300)}`,
    );
    return [
      row(`a broken model asked for ${TIMES} times: engine starts`, [pids.size], {
        unit: 'starts',
        target: { of: 'median', atMost: 3 },
        against: `${told.filter(({ status }) => status < 500).length} answered without an error status`,
      }),
      row(
        'a broken model: time to the answer that says why',
        told.map(({ ms }) => ms),
      ),
    ];
  },
};
