/** What the router adds to a request, and how many it carries. */
import { smallModels, demoModel } from './files.ts';
import { commandLineOf } from './processes.ts';
import { INSTANT_ENGINE, startProduct } from './product.ts';
import { startProxies } from './proxies.ts';
import { chatRequest, inParallel, inSequence } from './requests.ts';
import { row } from './row.ts';
import { median } from './statistics.ts';
import type { Bench, BenchContext } from './bench.ts';
import type { Product } from './product.ts';
import type { Answered, Address } from './requests.ts';
import type { Row } from './row.ts';

const WIDTH = 16;

/** Where a loaded model's engine listens itself. */
const directAddress = async (product: Product, model: string): Promise<{ path: string }> => {
  const command = await commandLineOf(await product.enginePid(model));
  return { path: command[command.indexOf('--host') + 1] ?? '' };
};

const p50 = async (
  address: Address,
  request: Buffer,
  count: number,
  of: (answer: Answered) => number,
  options: { reuse?: boolean } = {},
): Promise<number> => median((await inSequence(address, request, count, options)).map(of));

interface Side {
  name: string;
  address: Address;
}

/** Per round the p50 of every side, sides interleaved and their order turning. */
const compare = async (
  sides: readonly Side[],
  rounds: number,
  measure: (address: Address) => Promise<number>,
): Promise<Map<string, number[]>> => {
  const samples = new Map<string, number[]>(sides.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < sides.length; turn += 1) {
      const side = sides[(round + turn) % sides.length] as Side;
      samples.get(side.name)?.push(await measure(side.address));
    }
  }
  return samples;
};

const against = (samples: ReadonlyMap<string, number[]>, unit: string): string => {
  const ours = median(samples.get('router') ?? []);
  return [...samples]
    .filter(([name]) => name !== 'router')
    .map(([name, values]) => {
      const theirs = median(values);
      return `${(ours / theirs).toFixed(2)} × ${name} (${theirs.toFixed(theirs >= 100 ? 0 : 3)} ${unit})`;
    })
    .join(', ');
};

const added = (samples: ReadonlyMap<string, number[]>): number[] => {
  const direct = samples.get('direct') ?? [];
  return (samples.get('router') ?? []).map((ms, round) => ms - (direct[round] as number));
};

const sidesOf = async (product: Product, model: string): Promise<Side[]> => [
  { name: 'router', address: { host: '127.0.0.1', port: product.routerPort } },
  { name: 'direct', address: await directAddress(product, model) },
];

/** An engine that answers at once: the proxy is measured and not the engine. */
const instantRows = async ({ quick, progress, note }: BenchContext): Promise<Row[]> => {
  const model = 'm000';
  const product = await startProduct({ engine: INSTANT_ENGINE, write: (folder) => smallModels(folder, 1) });
  await product.client.call('models:load', { modelId: model });
  const sides = await sidesOf(product, model);
  const { path } = await directAddress(product, model);
  const proxies = await startProxies(path, model);
  const all = [...sides, ...proxies];
  const missing = ['nginx', 'llama-swap'].filter((name) => proxies.every((proxy) => proxy.name !== name));
  if (missing.length > 0) note(`Not on PATH, so not compared: ${missing.join(', ')}.`);

  const request = chatRequest(model, { max_tokens: 1 });
  const rounds = quick ? 2 : 10;
  const count = quick ? 50 : 300;
  progress('one request at a time');
  await compare(all, 2, (address) => p50(address, request, count, ({ ms }) => ms));
  const single = await compare(all, rounds, (address) => p50(address, request, count, ({ ms }) => ms));
  progress(`${WIDTH} requests at a time`);
  const many = quick ? 200 : 3000;
  await compare(all, 1, (address) => inParallel(address, request, many, WIDTH));
  const rates = await compare(all, rounds, (address) => inParallel(address, request, many, WIDTH));
  const stream = chatRequest(model, { max_tokens: 1, stream: true });
  progress('time to the first token');
  const first = await compare(all, rounds, (address) => p50(address, stream, count, ({ firstDataMs }) => firstDataMs));
  for (const proxy of proxies) await proxy.stop();
  await product.stop();
  return [
    row('router, instant engine, 1 at a time: added to the p50', added(single), { against: against(single, 'ms') }),
    row(`router, instant engine, ${WIDTH} at a time`, rates.get('router') ?? [], {
      unit: 'requests/s',
      against: against(rates, '/s'),
    }),
    row('router, instant engine: added to the first token (p50)', added(first), { against: against(first, 'ms') }),
  ];
};

const engineRows = async ({ engine, quick, progress }: BenchContext): Promise<Row[]> => {
  const model = 'demo';
  const product = await startProduct({ engine, write: demoModel });
  await product.client.call('models:load', { modelId: model });
  const sides = await sidesOf(product, model);
  const request = chatRequest(model, { max_tokens: 1 });
  const rounds = quick ? 2 : 8;
  const count = quick ? 10 : 60;
  progress('real engine');
  await compare(sides, 1, (address) => p50(address, request, count, ({ ms }) => ms));
  const single = await compare(sides, rounds, (address) => p50(address, request, count, ({ ms }) => ms));
  const stream = chatRequest(model, { max_tokens: 4, stream: true });
  const first = await compare(sides, rounds, (address) =>
    p50(address, stream, count, ({ firstDataMs }) => firstDataMs, { reuse: false }),
  );
  await product.stop();
  return [
    row('router, real engine, 1 at a time: added to the p50', added(single), { against: against(single, 'ms') }),
    row('router, real engine: added to the first token (p50)', added(first), { against: against(first, 'ms') }),
  ];
};

export const router: Bench = {
  name: 'router',
  summary: 'what the router adds to a request',
  async run(context) {
    const { engine, note } = context;
    if (engine.prefixArgs.length > 0)
      note("llama-server's own router mode is not compared: this engine needs its own loader and cannot start itself.");
    note(
      'Router rows: over one open connection (streams of the real engine: a new one each, not counted), p50 per round of interleaved sides; the client and both sides share the cores of this machine.',
    );
    return [...(await instantRows(context)), ...(await engineRows(context))];
  },
};
