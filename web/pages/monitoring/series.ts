/** Measurements as columns for a chart. Pure. */
import type { MetricsView } from '../../../src/contracts/views.ts';

export interface SeriesSpec {
  label: string;
  /** Null where there is nothing to draw. */
  read: (sample: MetricsView) => number | null;
}

/** uPlot's shape: times in seconds, then one column for each series. */
export type Columns = [number[], ...(number | null)[][]];

/** Finer than this no screen shows. */
const MOST_POINTS = 480;
/** Longer than so many long steps without a sample is a gap, and drawn as one. Never shorter than `SHORTEST_GAP`, ms. */
const GAP_STEPS = 4;
const SHORTEST_GAP = 30_000;

/** A step that nine of ten do not exceed: measuring is faster while someone looks, and coarser in the past. */
const longStep = (steps: readonly number[]): number =>
  [...steps].sort((a, b) => a - b)[Math.floor(steps.length * 0.9)] ?? 0;

const meanOf = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
};

/** Buckets of equal time, each its mean, when there are more samples than a screen has pixels for. */
const bucketed = (samples: readonly MetricsView[], since: number, until: number): MetricsView[][] => {
  if (samples.length <= MOST_POINTS) return samples.map((sample) => [sample]);
  const width = (until - since) / MOST_POINTS;
  const buckets = new Map<number, MetricsView[]>();
  for (const sample of samples) {
    const at = Math.floor((sample.timestamp - since) / width);
    buckets.set(at, [...(buckets.get(at) ?? []), sample]);
  }
  return [...buckets.values()];
};

/** The samples (oldest first) from `since` on, both in epoch ms. A gap becomes a row of nulls, so that no line bridges it. */
export const columnsOf = (
  samples: readonly MetricsView[],
  since: number,
  until: number,
  specs: readonly SeriesSpec[],
): Columns => {
  const shown = samples.filter((sample) => sample.timestamp >= since && sample.timestamp <= until);
  const buckets = bucketed(shown, since, until);
  const times = buckets.map((bucket) => bucket.at(-1)?.timestamp ?? 0);
  const usual = longStep(times.slice(1).map((time, index) => time - (times[index] ?? time)));
  const rows: { at: number; values: (number | null)[] }[] = [];
  buckets.forEach((bucket, index) => {
    const at = times[index] ?? 0;
    const before = times[index - 1];
    if (before !== undefined && at - before > Math.max(SHORTEST_GAP, GAP_STEPS * usual))
      rows.push({ at: before + 1, values: specs.map(() => null) });
    rows.push({ at, values: specs.map((spec) => meanOf(bucket.map(spec.read))) });
  });
  return [rows.map((row) => row.at / 1000), ...specs.map((_, index) => rows.map((row) => row.values[index] ?? null))];
};

/** Sources of processes in these samples, the server and the router first, models by their order of appearance. */
export const sourcesOf = (samples: readonly MetricsView[]): string[] => {
  const seen = new Set<string>();
  for (const sample of samples) for (const process of sample.processes) seen.add(process.source);
  const order = (source: string): number => (source === 'server' ? 0 : source === 'router' ? 1 : 2);
  return [...seen].sort((a, b) => order(a) - order(b));
};
