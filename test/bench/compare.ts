/** Several ways to the same engine, measured in turns. */
import { commandLineOf, cpuSeconds } from './processes.ts';
import { median } from './statistics.ts';
import type { Product } from './product.ts';
import type { Address } from './requests.ts';

export interface Side {
  name: string;
  address: Address;
  /** The process that stands between, whose processor time counts; null without one. */
  pid: number | null;
}

/** What one turn of one side gave, by measure. */
export type Measured = Record<string, number>;

/** Where a loaded model's engine listens itself. */
export const directAddress = async (product: Product, model: string): Promise<{ path: string }> => {
  const command = await commandLineOf(await product.enginePid(model));
  return { path: command[command.indexOf('--host') + 1] ?? '' };
};

export const sidesOf = async (product: Product, model: string): Promise<Side[]> => [
  { name: 'router', address: { host: '127.0.0.1', port: product.routerPort }, pid: product.routerPid },
  { name: 'direct', address: await directAddress(product, model), pid: null },
];

/** Adds `cpu`, microseconds of processor time of the side's process per piece of work. */
export const withCpu = async (side: Side, pieces: number, measure: () => Promise<Measured>): Promise<Measured> => {
  if (side.pid === null) return measure();
  const before = await cpuSeconds(side.pid);
  const measured = await measure();
  return { ...measured, cpu: ((await cpuSeconds(side.pid)) - before) * (1e6 / pieces) };
};

/** The samples of every side, sides interleaved and their order turning, so that a busy moment meets each alike. */
export const compare = async (
  sides: readonly Side[],
  rounds: number,
  measure: (side: Side) => Promise<Measured>,
): Promise<Map<string, Measured[]>> => {
  const samples = new Map<string, Measured[]>(sides.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < sides.length; turn += 1) {
      const side = sides[(round + turn) % sides.length] as Side;
      samples.get(side.name)?.push(await measure(side));
    }
  }
  return samples;
};

/** One measure of one side. Empty where that side does not have it. */
export const sampleOf = (samples: ReadonlyMap<string, Measured[]>, name: string, measure: string): number[] =>
  (samples.get(name) ?? []).flatMap((one) => {
    const value = one[measure];
    return value === undefined ? [] : [value];
  });

/** How the router does against each other side in the same turn: the median of the ratios. */
export const ratio = (samples: ReadonlyMap<string, Measured[]>, name: string, measure: string): number => {
  const theirs = sampleOf(samples, name, measure);
  return median(sampleOf(samples, 'router', measure).map((ours, turn) => ours / (theirs[turn] ?? Number.NaN)));
};

/** The ratio to each other side that has that measure, by its name. */
export const ratios = (samples: ReadonlyMap<string, Measured[]>, measure: string): Record<string, number> =>
  Object.fromEntries(
    [...samples.keys()]
      .filter((name) => name !== 'router' && sampleOf(samples, name, measure).length > 0)
      .map((name) => [name, ratio(samples, name, measure)]),
  );

/** "0.52 × nginx (25800 /s), 0.3 × direct (49500 /s)" */
export const against = (samples: ReadonlyMap<string, Measured[]>, measure: string, unit: string): string =>
  [...samples.keys()]
    .filter((name) => name !== 'router' && sampleOf(samples, name, measure).length > 0)
    .map((name) => {
      const theirs = median(sampleOf(samples, name, measure));
      return `${ratio(samples, name, measure).toFixed(2)} × ${name} (${theirs.toFixed(theirs >= 100 ? 0 : theirs >= 10 ? 1 : 3)} ${unit})`;
    })
    .join(', ');

/** What one side adds to another, by default the router to going straight to the engine, turn by turn. */
export const added = (
  samples: ReadonlyMap<string, Measured[]>,
  measure: string,
  to = 'direct',
  by = 'router',
): number[] => {
  const theirs = sampleOf(samples, to, measure);
  return sampleOf(samples, by, measure).map((ours, turn) => ours - (theirs[turn] ?? Number.NaN));
};

/** What the proxies beside the router add to going straight to the engine, medians by their names. */
const addedByOthers = (samples: ReadonlyMap<string, Measured[]>, measure: string): [string, number][] =>
  [...samples.keys()]
    .filter((name) => name !== 'router' && name !== 'direct')
    .map((name) => [name, median(added(samples, measure, 'direct', name))]);

/** What the router adds divided by what each other proxy adds: of the medians, because in one turn theirs may be next to nothing. */
export const addedRatios = (samples: ReadonlyMap<string, Measured[]>, measure: string): Record<string, number> => {
  const ours = median(added(samples, measure));
  return Object.fromEntries(addedByOthers(samples, measure).map(([name, theirs]) => [name, ours / theirs]));
};

/** "2.08 × what nginx adds (0.096 ms)" */
export const addedAgainst = (samples: ReadonlyMap<string, Measured[]>, measure: string, unit: string): string => {
  const all = addedRatios(samples, measure);
  return addedByOthers(samples, measure)
    .map(
      ([name, theirs]) => `${(all[name] ?? Number.NaN).toFixed(2)} × what ${name} adds (${theirs.toFixed(3)} ${unit})`,
    )
    .join(', ');
};
