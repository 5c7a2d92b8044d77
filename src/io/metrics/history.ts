import type { MetricsView } from '../../contracts/views.ts';

export interface HistoryQuery {
  /** Most samples to return; 100 by default. */
  limit?: number;
  /** How far back from now, hours; 24 by default. */
  hours?: number;
}

/** A day of samples in bounded space: every sample of the last hour, and one per minute before that. */
export interface MetricsHistory {
  add(sample: MetricsView): void;
  /** Newest first. */
  list(query: HistoryQuery, now: number): MetricsView[];
  /** One sample per minute, oldest first: what is worth keeping across a restart. */
  export(): MetricsView[];
  /** Takes over what `export` gave in an earlier run. Samples that are too old or lie in the future (the clock was set back) are left out. */
  import(samples: readonly MetricsView[], now: number): void;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** An hour at the shortest interval, one second. */
const MAX_RECENT = 3_600;
const MAX_MINUTES = 24 * 60;

const mean = (samples: readonly MetricsView[], of: (sample: MetricsView) => number): number =>
  Math.round((10 * samples.reduce((sum, sample) => sum + of(sample), 0)) / samples.length) / 10;

/** One sample for a minute: what jumps about (CPU, network, tokens) as the mean, the rest as it stood at the end. */
const condense = (samples: readonly MetricsView[]): MetricsView | null => {
  const last = samples.at(-1);
  if (!last) return null;
  return {
    ...last,
    cpu: { ...last.cpu, usage: mean(samples, (sample) => sample.cpu.usage) },
    network: { rx: mean(samples, (sample) => sample.network.rx), tx: mean(samples, (sample) => sample.network.tx) },
    tokensPerSecond: mean(samples, (sample) => sample.tokensPerSecond),
    modelTokensPerSecond: Object.fromEntries(
      [...new Set(samples.flatMap((sample) => Object.keys(sample.modelTokensPerSecond)))].map((id) => [
        id,
        mean(samples, (sample) => sample.modelTokensPerSecond[id] ?? 0),
      ]),
    ),
  };
};

const minuteOf = (sample: MetricsView): number => Math.floor(sample.timestamp / MINUTE);

export const createHistory = (): MetricsHistory => {
  let recent: MetricsView[] = [];
  let minutes: MetricsView[] = [];
  /** Samples of the minute that is not over yet. */
  let open: MetricsView[] = [];

  const closeMinute = (): void => {
    const sample = condense(open);
    open = [];
    if (sample) minutes.push(sample);
    if (minutes.length > MAX_MINUTES) minutes = minutes.slice(-MAX_MINUTES);
  };

  return {
    add: (sample) => {
      const [first] = open;
      if (first && minuteOf(first) !== minuteOf(sample)) closeMinute();
      open.push(sample);
      recent.push(sample);
      const oldest = recent[0];
      // In steps of a tenth, so that not every sample copies the whole hour.
      if (recent.length > 1.1 * MAX_RECENT || (oldest && oldest.timestamp < sample.timestamp - 1.1 * HOUR)) {
        recent = recent.filter((one) => one.timestamp >= sample.timestamp - HOUR).slice(-MAX_RECENT);
      }
    },
    list: ({ limit = 100, hours = 24 }, now) => {
      const since = now - Math.min(hours, 24) * HOUR;
      const found: MetricsView[] = [];
      const take = (samples: readonly MetricsView[], before: number): void => {
        for (let i = samples.length - 1; i >= 0 && found.length < limit; i -= 1) {
          const sample = samples[i];
          if (!sample || sample.timestamp < since) return;
          if (sample.timestamp < before) found.push(sample);
        }
      };
      take(recent, Number.POSITIVE_INFINITY);
      take(minutes, recent[0]?.timestamp ?? Number.POSITIVE_INFINITY);
      return found;
    },
    export: () => {
      const last = condense(open);
      return last ? [...minutes, last] : [...minutes];
    },
    import: (samples, now) => {
      const before = recent[0]?.timestamp ?? now + 1;
      const usable = samples.filter((one) => one.timestamp > now - DAY && one.timestamp < before);
      minutes = [...usable.sort((a, b) => a.timestamp - b.timestamp), ...minutes].slice(-MAX_MINUTES);
    },
  };
};
