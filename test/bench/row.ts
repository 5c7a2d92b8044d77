/** One line of the report. */
import { median, percentile } from './statistics.ts';

export interface Target {
  /** Which of the row's numbers is held against it. */
  of: 'median' | 'p99';
  atMost: number;
}

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
}

export interface RowOptions {
  unit?: string;
  target?: Target | null;
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
});

/** Null for a row without a target. */
export const passes = ({ target, median: middle, tail }: Row): boolean | null => {
  if (target === null) return null;
  return (target.of === 'p99' ? (tail?.p99 ?? Number.POSITIVE_INFINITY) : middle) <= target.atMost;
};
