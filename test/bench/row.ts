/** One line of the report. */
import { median, percentile } from './statistics.ts';

/** Which of the row's numbers is held against it; a ratio is that of another side that was measured in turns with ours. */
export type Target =
  | { of: 'median' | 'p99'; atMost: number }
  | { of: 'ratio'; to: string; atMost: number }
  | { of: 'ratio'; to: string; atLeast: number };

export interface Row {
  measure: string;
  unit: string;
  target: Target | null;
  median: number;
  min: number;
  max: number;
  /** For rows that are about their tail, null elsewhere. */
  tail: { p95: number; p99: number } | null;
  rounds: number;
  /** The same against what else can do the job, for example "0.93 × direct". */
  against: string | null;
  /** Ours divided by theirs, by the name of the other side; not a number for one that is not there. */
  ratios: Readonly<Record<string, number>>;
}

export interface RowOptions {
  unit?: string;
  target?: Target | null;
  ratios?: Readonly<Record<string, number>>;
  tail?: boolean;
  against?: string | null;
  /** How many times it was measured, where that is not the size of the sample. */
  rounds?: number;
}

export const row = (measure: string, sample: readonly number[], options: RowOptions = {}): Row => ({
  measure,
  unit: options.unit ?? 'ms',
  target: options.target ?? null,
  median: median(sample),
  min: Math.min(...sample),
  max: Math.max(...sample),
  tail: options.tail === true ? { p95: percentile(sample, 0.95), p99: percentile(sample, 0.99) } : null,
  rounds: options.rounds ?? sample.length,
  against: options.against ?? null,
  ratios: options.ratios ?? {},
});

/** Null for a row without a target, or whose other side is not installed. */
export const passes = ({ target, median: middle, tail, ratios }: Row): boolean | null => {
  if (target === null) return null;
  if (target.of === 'ratio') {
    const ratio = ratios[target.to];
    if (ratio === undefined) return null;
    return 'atMost' in target ? ratio <= target.atMost : ratio >= target.atLeast;
  }
  return (target.of === 'p99' ? (tail?.p99 ?? Number.POSITIVE_INFINITY) : middle) <= target.atMost;
};
