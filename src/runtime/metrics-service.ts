/** One sampling loop for everyone: as fast as the most eager listener asks, as slow as the settings say when nobody does. */
import type { Services } from '../commands/services.ts';
import type { MetricsView } from '../contracts/views.ts';
import type { Sampler } from '../io/metrics/sampler.ts';

export type MetricsService = Omit<Services['metrics'], 'text'> & {
  latest(): MetricsView | null;
  /** Interval when nobody asks for more, ms. */
  setBase(intervalMs: number): void;
};

export const createMetricsService = (sampler: Sampler, baseMs: number): MetricsService => {
  const demands = new Map<symbol, number>();
  let base = baseMs;
  const apply = (): void => sampler.setInterval(Math.min(base, ...demands.values()));
  apply();
  return {
    latest: () => sampler.current(),
    current: async () => sampler.current() ?? (await sampler.sampleNow()),
    history: (filter) => sampler.history(filter),
    demand(intervalMs) {
      const key = Symbol('demand');
      demands.set(key, intervalMs);
      apply();
      return () => {
        if (demands.delete(key)) apply();
      };
    },
    setBase(intervalMs) {
      base = intervalMs;
      apply();
    },
  };
};
