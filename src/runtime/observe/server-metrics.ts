/** What the control plane counts, and its page for Prometheus. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { IntervalHistogram } from 'node:perf_hooks';
import { SERVER_METRICS } from '../../contracts/metrics/definitions.ts';
import type { ServerMetricName } from '../../contracts/metrics/definitions.ts';
import { Exposition } from '../../contracts/metrics/exposition.ts';
import type { LabelValues } from '../../contracts/metrics/exposition.ts';
import { Histogram } from '../../contracts/metrics/histogram.ts';
import { LIFECYCLE_STATES } from '../../contracts/views.ts';
import type { DecisionView, LifecycleState, MetricsView, ModelView } from '../../contracts/views.ts';

/** Coarse, so that watching the loop does not keep an idle server awake. */
const LAG_RESOLUTION_MS = 50;
const MS_PER_NS = 1e-6;

class Counts {
  loads = 0;
  unloads = 0;
  evictions = 0;
  restarts = 0;
  readonly failures = new Map<string, number>();
  readonly loadSeconds = new Histogram(SERVER_METRICS.llamactor_model_load_duration_seconds.buckets ?? []);
  loadingSince: number | null = null;
  last: LifecycleState = 'unloaded';
}

/** Adds further metrics, whose names must be in SERVER_METRICS. */
export type MetricSource = (page: Exposition<ServerMetricName>) => void;

export interface ServerMetricsOptions {
  version: string;
  now(): number;
  models(): ModelView[];
  sample(): MetricsView | null;
  engineVersion(): string | null;
  socketClients(): number;
  sources?: readonly MetricSource[];
}

export interface ServerMetrics {
  moved(modelId: string, state: LifecycleState, cause: string | null): void;
  decided(decision: Pick<DecisionView, 'kind' | 'modelId'>): void;
  text(): string;
  close(): void;
}

export const createServerMetrics = (options: ServerMetricsOptions): ServerMetrics => {
  const counts = new Map<string, Counts>();
  const decisions = new Map<string, number>();
  let swaps = 0;
  let madeRoom = false;
  let lag: IntervalHistogram | null = null;

  const of = (modelId: string): Counts => {
    const known = counts.get(modelId);
    if (known) return known;
    const fresh = new Counts();
    counts.set(modelId, fresh);
    return fresh;
  };

  /** What was measured since it was called last; the first call begins to measure. */
  const lagRows = (): [LabelValues, number][] => {
    if (lag === null) {
      lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
      lag.enable();
      return [];
    }
    const seconds = (ns: number): number => Math.max(0, ns * MS_PER_NS - LAG_RESOLUTION_MS) / 1000;
    const rows: [LabelValues, number][] =
      lag.count === 0
        ? []
        : [0.5, 0.99, 1].map((share) => [[String(share)], seconds(lag?.percentile(share * 100) ?? 0)]);
    lag.reset();
    return rows;
  };

  return {
    moved(modelId, state, cause) {
      const own = of(modelId);
      if (state === 'loading') own.loadingSince = options.now();
      if (state === 'loaded') {
        own.loads += 1;
        if (own.loadingSince !== null) own.loadSeconds.observe((options.now() - own.loadingSince) / 1000);
      }
      if (state === 'stopping' && own.last === 'loaded') own.unloads += 1;
      if (state === 'error') own.failures.set(cause ?? 'CRASHED', (own.failures.get(cause ?? 'CRASHED') ?? 0) + 1);
      own.last = state;
    },
    decided({ kind, modelId }) {
      decisions.set(kind, (decisions.get(kind) ?? 0) + 1);
      if (kind === 'restarted') of(modelId).restarts += 1;
      if (kind === 'evicted') {
        of(modelId).evictions += 1;
        madeRoom = true;
      }
      if (kind === 'admitted') {
        if (madeRoom) swaps += 1;
        madeRoom = false;
      }
    },
    text() {
      const models = options.models();
      const present = new Set(models.map(({ id }) => id));
      // The series of models that are gone go with them, so that their number stays bounded.
      for (const id of counts.keys()) if (!present.has(id)) counts.delete(id);
      const each = <T>(value: (own: Counts) => T): [LabelValues, T][] =>
        [...counts].map(([id, own]) => [[id], value(own)]);
      const sample = options.sample();
      const gpus = (value: 'memoryUsed' | 'memoryTotal'): [LabelValues, number][] =>
        (sample?.gpus ?? []).flatMap((gpu, index): [LabelValues, number][] => {
          const bytes = gpu[value];
          return bytes === null ? [] : [[[String(index), gpu.name], bytes]];
        });
      const page = new Exposition(SERVER_METRICS)
        .values('llamactor_build_info', [[[options.version, process.version, options.engineVersion() ?? ''], 1]])
        .values('llamactor_uptime_seconds', [[[], process.uptime()]])
        .values(
          'llamactor_models',
          LIFECYCLE_STATES.map((state) => [[state], models.filter((model) => model.state === state).length]),
        )
        .histograms(
          'llamactor_model_load_duration_seconds',
          each(({ loadSeconds }) => loadSeconds),
        )
        .values(
          'llamactor_model_loads_total',
          each(({ loads }) => loads),
        )
        .values(
          'llamactor_model_unloads_total',
          each(({ unloads }) => unloads),
        )
        .values(
          'llamactor_model_evictions_total',
          each(({ evictions }) => evictions),
        )
        .values(
          'llamactor_model_restarts_total',
          each(({ restarts }) => restarts),
        )
        .values(
          'llamactor_model_failures_total',
          [...counts].flatMap(([id, { failures }]) =>
            [...failures].map(([code, count]): [LabelValues, number] => [[id, code], count]),
          ),
        )
        .values('llamactor_swaps_total', [[[], swaps]])
        .values(
          'llamactor_decisions_total',
          [...decisions].map(([kind, count]) => [[kind], count]),
        )
        .values(
          'llamactor_process_memory_bytes',
          (sample?.processes ?? []).map(({ source, memory }) => [[source], memory]),
        )
        .values('llamactor_gpu_memory_used_bytes', gpus('memoryUsed'))
        .values('llamactor_gpu_memory_total_bytes', gpus('memoryTotal'))
        .values('llamactor_socket_clients', [[[], options.socketClients()]])
        .values('llamactor_event_loop_lag_seconds', lagRows());
      for (const source of options.sources ?? []) source(page);
      return page.text();
    },
    close: () => void lag?.disable(),
  };
};
