/** Order statistics of small samples. */

/** The value below which the part `p` (0 to 1) of the sample lies, by the nearest rank. The sample must not be empty. */
export const percentile = (sample: readonly number[], p: number): number => {
  const sorted = [...sample].sort((left, right) => left - right);
  const value = sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];
  if (value === undefined) throw new Error('There is no percentile of nothing.');
  return value;
};

/** The middle value, or the mean of the two middle ones. The sample must not be empty. */
export const median = (sample: readonly number[]): number => {
  const sorted = [...sample].sort((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new Error('There is no median of nothing.');
  return (lower + upper) / 2;
};

/** Milliseconds since an arbitrary start, on the clock that all processes of the machine share. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;
