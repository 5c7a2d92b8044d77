/** Counts values into buckets. Observing costs a few nanoseconds: one short scan, no allocation. */
export class Histogram {
  readonly bounds: readonly number[];
  /** One count per bound, and one for everything beyond the last. Not cumulative. */
  readonly counts: Float64Array;
  sum = 0;

  /** @param bounds upper bounds, included, ascending */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
    counts[bucket] = (counts[bucket] as number) + 1;
    this.sum += value;
  }
}
