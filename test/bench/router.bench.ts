/** What the router adds to a request, and how many it carries. */
import { added, addedAgainst, addedRatios, against, compare, ratios, sampleOf, sidesOf, withCpu } from './compare.ts';
import { smallModels, demoModel } from './files.ts';
import { hammer } from './hammer.ts';
import { INSTANT_ENGINE, startProduct } from './product.ts';
import { startProxies } from './proxies.ts';
import { chatRequest, inSequence } from './requests.ts';
import { row } from './row.ts';
import { median } from './statistics.ts';
import { streamAll } from './streams.ts';
import type { Bench, BenchContext } from './bench.ts';
import type { Side } from './compare.ts';
import type { Row, Target } from './row.ts';

const WIDTHS = [1, 16, 64] as const;
const STREAMS = [1, 64, 256] as const;
const TOKENS = 200;
/**
 * llama-swap in units of nginx, measured where both were there: it adds 0.31 ms to the p50 of one client where nginx adds 0.04, and takes
 * 31 and 16.6 µs a token with 64 and 256 streams where nginx takes 12.6 and 9.6. So targets that are about it hold on any machine.
 */
const LLAMA_SWAP_ADDS = 0.31 / 0.04;
const LLAMA_SWAP_PER_TOKEN = { 64: 31 / 12.6, 256: 16.6 / 9.6 } as const;
const MIB = 1024 * 1024;

const jsonRows = async (sides: readonly Side[], model: string, { quick, progress }: BenchContext): Promise<Row[]> => {
  const request = chatRequest(model, { max_tokens: 1 });
  const rows: Row[] = [];
  for (const width of WIDTHS) {
    progress(`${width} at a time`);
    const count = quick ? 300 : width === 1 ? 2000 : 6000;
    const measure = (side: Side) =>
      withCpu(side, count, async () => ({ ...(await hammer(side.address, request, count, width)) }));
    await compare(sides, 1, measure);
    const samples = await compare(sides, quick ? 2 : 8, measure);
    const what = `router, instant engine, ${width} at a time`;
    if (width === 1)
      rows.push(
        row(`${what}: added to the p50`, added(samples, 'p50'), {
          target: { of: 'ratio', to: 'nginx', atMost: LLAMA_SWAP_ADDS / 2 },
          against: addedAgainst(samples, 'p50', 'ms'),
          ratios: addedRatios(samples, 'p50'),
        }),
      );
    rows.push(
      row(what, sampleOf(samples, 'router', 'rate'), {
        unit: 'requests/s',
        target: width === 1 ? null : { of: 'ratio', to: 'nginx', atLeast: 0.35 },
        against: against(samples, 'rate', '/s'),
        ratios: ratios(samples, 'rate'),
      }),
      row(`${what}: processor time of the proxy per request`, sampleOf(samples, 'router', 'cpu'), {
        unit: 'µs',
        against: against(samples, 'cpu', 'µs'),
      }),
    );
  }
  return rows;
};

const largeRows = async (sides: readonly Side[], model: string, { quick, progress }: BenchContext): Promise<Row[]> => {
  progress('bodies of 1 MB');
  const request = chatRequest(model, { max_tokens: 1, padding: 'x'.repeat(MIB) });
  const count = quick ? 5 : 40;
  const measure = async ({ address }: Side) => ({ p50: (await hammer(address, request, count, 1)).p50 });
  await compare(sides, 1, measure);
  const samples = await compare(sides, quick ? 2 : 8, measure);
  return [
    row('router, instant engine, body of 1 MB: p50', sampleOf(samples, 'router', 'p50'), {
      target: { of: 'median', atMost: 6.4 },
      against: against(samples, 'p50', 'ms'),
    }),
  ];
};

const streamRows = async (sides: readonly Side[], model: string, { quick, progress }: BenchContext): Promise<Row[]> => {
  const rows: Row[] = [];
  const tokens = quick ? 20 : TOKENS;
  const request = chatRequest(model, { max_tokens: tokens, stream: true });
  for (const width of STREAMS) {
    progress(`${width} streams`);
    const samples = await compare(sides, quick ? 1 : 4, (side) =>
      withCpu(side, width * tokens, async () => ({ ...(await streamAll(side.address, request, width, tokens)) })),
    );
    const what = `router, ${width} ${width === 1 ? 'stream' : 'streams'} of ${tokens} tokens at 5 ms`;
    const one = (measure: string, name: string, unit: string, target: Target | null = null): Row =>
      row(`${what}: ${name}`, sampleOf(samples, 'router', measure), {
        unit,
        target,
        against: against(samples, measure, unit),
        ratios: ratios(samples, measure),
      });
    rows.push(
      one('firstP99', 'first token, p99', 'ms'),
      one('gapP99', 'gap between tokens, p99', 'ms', width === 64 ? { of: 'ratio', to: 'nginx', atMost: 1.2 } : null),
      one(
        'tokensPerSecond',
        'all together',
        'tokens/s',
        width === 256 ? { of: 'ratio', to: 'direct', atLeast: 0.95 } : null,
      ),
      one(
        'cpu',
        'processor time of the proxy per token',
        'µs',
        width === 1 ? null : { of: 'ratio', to: 'nginx', atMost: LLAMA_SWAP_PER_TOKEN[width] },
      ),
    );
  }
  return rows;
};

/** An engine that answers at once: the proxy is measured and not the engine. */
const instantRows = async (context: BenchContext): Promise<Row[]> => {
  const model = 'm000';
  const product = await startProduct({ engine: INSTANT_ENGINE, write: (folder) => smallModels(folder, 1) });
  // As whoever expects that many streams would; the router opens no more connections than the engine has slots and threads for.
  await product.client.call('models:update', {
    modelId: model,
    updates: { parameters: { parallel: Math.max(...STREAMS) } },
  });
  await product.client.call('models:load', { modelId: model });
  const own = await sidesOf(product, model);
  const direct = own.find(({ name }) => name === 'direct')?.address as { path: string };
  const proxies = await startProxies(direct.path, model);
  const sides = [...own, ...proxies];
  const missing = ['nginx', 'llama-swap'].filter((name) => proxies.every((proxy) => proxy.name !== name));
  if (missing.length > 0) context.note(`Not on PATH, so not compared: ${missing.join(', ')}.`);
  const rows = [
    ...(await jsonRows(sides, model, context)),
    ...(await largeRows(sides, model, context)),
    ...(await streamRows(sides, model, context)),
  ];
  for (const proxy of proxies) await proxy.stop();
  await product.stop();
  return rows;
};

const engineRows = async ({ engine, quick, progress }: BenchContext): Promise<Row[]> => {
  const model = 'demo';
  const product = await startProduct({ engine, write: demoModel });
  await product.client.call('models:load', { modelId: model });
  const sides = await sidesOf(product, model);
  const rounds = quick ? 2 : 8;
  const count = quick ? 10 : 60;
  progress('real engine');
  const whole = chatRequest(model, { max_tokens: 1 });
  const stream = chatRequest(model, { max_tokens: 4, stream: true });
  const measure = async ({ address }: Side) => ({
    whole: median((await inSequence(address, whole, count)).map(({ ms }) => ms)),
    // llama-server closes the connection behind a stream.
    first: median((await inSequence(address, stream, count, { reuse: false })).map(({ firstDataMs }) => firstDataMs)),
  });
  await compare(sides, 1, measure);
  const samples = await compare(sides, rounds, measure);
  await product.stop();
  return [
    row('router, real engine, 1 at a time: added to the p50', added(samples, 'whole'), {
      against: against(samples, 'whole', 'ms'),
    }),
    row('router, real engine: added to the first token (p50)', added(samples, 'first'), {
      against: against(samples, 'first', 'ms'),
    }),
  ];
};

export const router: Bench = {
  name: 'router',
  summary: 'what the router adds to a request, beside nginx and llama-swap',
  async run(context) {
    context.note(
      'Router rows: sides in turns within one run; ratios are medians of the turns. The client and every side share the cores of this machine; processor time of a proxy is read from /proc in steps of 10 ms.',
    );
    return [...(await instantRows(context)), ...(await engineRows(context))];
  },
};
