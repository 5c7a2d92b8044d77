/** The measurements of the last minutes, kept while the page is open, so that charts and sparklines start with a history. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { MetricsView } from '../../src/contracts/views.ts';
import type { Client } from '../net/client.ts';
import type { Live } from './live.ts';

export interface Samples {
  /** Oldest first, each moment once, at most `KEPT_HOURS` old. */
  list: Accessor<readonly MetricsView[]>;
  /** Fetches so many hours of history; samples that are here already stay. Rejects with the server's reason. */
  reach: (hours: number) => Promise<void>;
  /** Why there is no history, or null. */
  problem: Accessor<unknown>;
}

const HOUR = 3_600_000;
const KEPT_HOURS = 24;
/** What the small charts of the dashboard show. */
const FIRST_HOURS = 0.25;
/** The most one answer may hold: an hour of every sample and a day of minutes, with room to spare. */
const MOST = 6000;

/** One list from two, oldest first; of two samples of one moment the newer list's stays. Both may come in either order. */
export const mergeSamples = (
  held: readonly MetricsView[],
  fresh: readonly MetricsView[],
  since: number,
): readonly MetricsView[] => {
  const byTime = new Map<number, MetricsView>();
  for (const sample of [...held, ...fresh]) if (sample.timestamp >= since) byTime.set(sample.timestamp, sample);
  return [...byTime.values()].sort((a, b) => a.timestamp - b.timestamp);
};

/** Appends the usual case, a newer sample, without sorting the day again. */
export const withSample = (held: readonly MetricsView[], sample: MetricsView): readonly MetricsView[] => {
  const last = held.at(-1);
  const since = sample.timestamp - KEPT_HOURS * HOUR;
  if (last !== undefined && last.timestamp >= sample.timestamp) return mergeSamples(held, [sample], since);
  const first = held[0];
  const kept = first !== undefined && first.timestamp < since ? held.filter((one) => one.timestamp >= since) : held;
  return [...kept, sample];
};

export const createSamples = (client: Client, live: Pick<Live, 'connection' | 'skew'>): Samples => {
  const [list, setList] = createSignal<readonly MetricsView[]>([]);
  const [problem, setProblem] = createSignal<unknown>(null);
  let reached = FIRST_HOURS;
  const fetchHours = async (hours: number): Promise<void> => {
    const { history } = await client.request('metrics:history', { limit: MOST, hours }).catch((error: unknown) => {
      setProblem(error);
      throw error;
    });
    setProblem(null);
    setList((held) => mergeSamples(held, history, Date.now() + live.skew() - KEPT_HOURS * HOUR));
  };
  createEffect(
    on(
      () => live.connection().connected,
      (connected) => {
        // The gap of an interruption is filled from the server's own history. Without it the charts begin now, and say why.
        if (connected) fetchHours(reached).catch(() => undefined);
      },
    ),
  );
  onCleanup(client.on('metrics:update', ({ metrics }) => setList((held) => withSample(held, metrics))));
  return {
    list,
    reach: async (hours) => {
      if (hours <= reached && problem() === null) return;
      await fetchHours(Math.max(hours, reached));
      reached = Math.max(reached, hours);
    },
    problem,
  };
};
