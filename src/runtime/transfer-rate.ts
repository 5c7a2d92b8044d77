const WINDOW_MS = 5000;

/** Bytes per second over the last five seconds; null until there is something to compare. */
export const createRate = () => {
  let samples: { at: number; bytes: number }[] = [];
  return {
    add(bytes: number, at: number): void {
      const last = samples.at(-1);
      // What was thrown away is no negative speed.
      if (last !== undefined && bytes < last.bytes) samples = [];
      samples.push({ at, bytes });
      const oldest = samples.findIndex((sample) => at - sample.at <= WINDOW_MS);
      samples = samples.slice(Math.max(0, Math.min(oldest, samples.length - 2)));
    },
    get(): number | null {
      const [first] = samples;
      const last = samples.at(-1);
      if (first === undefined || last === undefined || last.at <= first.at) return null;
      return Math.round(((last.bytes - first.bytes) * 1000) / (last.at - first.at));
    },
    reset: (): void => void (samples = []),
  };
};
