import type { MetricsView } from '../../contracts/views.ts';
import { guard } from './guard.ts';
import { createHistory, type HistoryQuery } from './history.ts';
import { machineSources, type MetricsSources, type WatchedProcess } from './sources.ts';

export interface SamplerOptions {
  /** Time between the starts of two samples, ms, 1 000 to 60 000; 2 000 by default. */
  intervalMs?: number;
  /** A path on the file system whose fullness is shown. */
  diskPath: string;
  processes: () => WatchedProcess[];
  activeModels: () => number;
  requestsPerMinute: () => number;
  tokenRate: () => Pick<MetricsView, 'tokensPerSecond' | 'modelTokensPerSecond'>;
  now?: () => number;
  /** Told once when a source of numbers begins to fail. */
  log?: (level: 'warn', message: string) => void;
  /** Replaces some of the machine's own sources. */
  sources?: Partial<MetricsSources>;
  /** Longest time a source may take, ms; 3 000 by default. */
  sourceTimeoutMs?: number;
}

export type MetricsSubscriber = (sample: MetricsView) => void;

export interface Sampler {
  /** The newest sample; null before the first. */
  current(): MetricsView | null;
  /** Newest first: every sample of the last hour, one per minute before that, 24 hours at most. */
  history(query?: HistoryQuery): MetricsView[];
  /** Calls `fn` for every new sample. One that throws is named in the log once. */
  subscribe(fn: MetricsSubscriber): () => void;
  /** Begins with a sample at once. */
  start(): void;
  /** No sample is taken or announced afterwards. */
  stop(): void;
  /** Samples now; if a sample is being taken at this moment, that one. */
  sampleNow(): Promise<MetricsView>;
  /** Changes the interval, ms, held within 1 000 to 60 000. Sample rarely (10 s) when nobody looks. */
  setInterval(ms: number): void;
  /** What is worth storing: one sample per minute, oldest first, at most 1 440. */
  exportHistory(): MetricsView[];
  /** Takes over stored samples; call it before `start`. */
  importHistory(samples: readonly MetricsView[]): void;
}

const hold = (ms: number): number => Math.min(60_000, Math.max(1_000, ms));

const NO_COUNTS = { activeModels: 0, requestsPerMinute: 0, tokensPerSecond: 0, modelTokensPerSecond: {} };

/** The one sampling loop of the server, for every view and every interval. */
export const createSampler = (options: SamplerOptions): Sampler => {
  const now = options.now ?? Date.now;
  const sources: MetricsSources = { ...machineSources(options.diskPath), ...options.sources };
  const startedAt = performance.now();
  const history = createHistory();
  const subscribers = new Set<MetricsSubscriber>();
  let intervalMs = hold(options.intervalMs ?? 2_000);
  let current: MetricsView | null = null;
  let running = false;
  let timer: NodeJS.Timeout | undefined;
  let lastStart = Number.NEGATIVE_INFINITY;
  let sampling: Promise<MetricsView> | null = null;
  /** Counts the stops: a sample begun before a stop is not announced after it. */
  let stops = 0;
  const complainedOf = new WeakSet<MetricsSubscriber>();

  const guarded = <T, A extends unknown[]>(name: string, initial: T, read: (...args: A) => Promise<T>) =>
    guard<T, A>({
      read,
      initial,
      deadlineMs: options.sourceTimeoutMs ?? 3_000,
      complain: (reason) =>
        options.log?.('warn', `The ${name} figures cannot be read (${reason}); the last ones are shown.`),
    });

  const read = {
    cpu: guarded('CPU', { usage: 0, cores: 0, load: 0 }, sources.cpu),
    memory: guarded('memory', { used: 0, usedBytes: 0, totalBytes: 0, availableBytes: 0 }, sources.memory),
    disk: guarded('disk', { used: 0, usedBytes: 0, totalBytes: 0 }, sources.disk),
    network: guarded('network', { rx: 0, tx: 0 }, sources.network),
    gpus: guarded('GPU', [], sources.gpus),
    processes: guarded('process', [], async () => sources.processes(options.processes())),
    counts: guarded('request', NO_COUNTS, async () => ({
      activeModels: options.activeModels(),
      requestsPerMinute: options.requestsPerMinute(),
      ...options.tokenRate(),
    })),
  };

  const take = async (): Promise<MetricsView> => {
    const [cpu, memory, disk, network, gpus, processes, counts] = await Promise.all([
      read.cpu(),
      read.memory(),
      read.disk(),
      read.network(),
      read.gpus(),
      read.processes(),
      read.counts(),
    ]);
    const [gpu] = gpus;
    // Strictly increasing even when the clock is set back or two samples share a millisecond.
    const timestamp = Math.max(now(), (current?.timestamp ?? 0) + 1);
    const uptime = Math.round((performance.now() - startedAt) / 1_000);
    return { cpu, memory, disk, network, uptime, ...(gpu ? { gpu } : {}), gpus, processes, ...counts, timestamp };
  };

  const announce = (sample: MetricsView): void => {
    for (const subscriber of [...subscribers]) {
      try {
        subscriber(sample);
      } catch (error) {
        if (complainedOf.has(subscriber)) continue;
        complainedOf.add(subscriber);
        options.log?.(
          'warn',
          `A reader of the metrics failed: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
  };

  const sampleNow = (): Promise<MetricsView> => {
    const stopsBefore = stops;
    sampling ??= take()
      .then((sample) => {
        if (stops !== stopsBefore) return sample;
        current = sample;
        history.add(sample);
        announce(sample);
        return sample;
      })
      .finally(() => {
        sampling = null;
      });
    return sampling;
  };

  const schedule = (): void => {
    clearTimeout(timer);
    if (!running) return;
    const wait = Math.max(0, lastStart + intervalMs - performance.now());
    timer = setTimeout(() => {
      lastStart = performance.now();
      void sampleNow().then(schedule);
    }, wait).unref();
  };

  return {
    current: () => current,
    history: (query = {}) => history.list(query, now()),
    subscribe: (fn) => {
      subscribers.add(fn);
      return () => subscribers.delete(fn);
    },
    start: () => {
      if (running) return;
      running = true;
      lastStart = Number.NEGATIVE_INFINITY;
      schedule();
    },
    stop: () => {
      running = false;
      stops += 1;
      clearTimeout(timer);
    },
    sampleNow,
    setInterval: (ms) => {
      intervalMs = hold(ms);
      schedule();
    },
    exportHistory: history.export,
    importHistory: (samples) => history.import(samples, now()),
  };
};
