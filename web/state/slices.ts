/** The slices beside the live one: configuration, settings, measurements and decisions. Each is fetched once and then kept by broadcasts. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { Config, Settings } from '../../src/contracts/config.ts';
import type { DecisionView, MetricsView } from '../../src/contracts/views.ts';
import type { Client } from '../net/client.ts';
import type { Live } from './live.ts';

export interface Slices {
  config: Accessor<Config | null>;
  settings: Accessor<Settings | null>;
  metrics: Accessor<MetricsView | null>;
  /** Newest first, at most `MAX_DECISIONS`. */
  decisions: Accessor<readonly DecisionView[]>;
  /** Resident memory of a model's process in bytes; null when it was not measured yet. */
  memoryOf: (modelId: string) => number | null;
  /** Why a slice could not be fetched, in words; null when all were. */
  problem: Accessor<string | null>;
  /** Fetches all of them again. */
  refetch: () => Promise<void>;
  onDecision: (listener: (decision: DecisionView) => void) => () => void;
}

const MAX_DECISIONS = 200;
/** How often memory is measured while someone looks, ms. */
const METRICS_EVERY = 5000;

/** Puts `decision` in front, once. */
export const withDecision = (held: readonly DecisionView[], decision: DecisionView): readonly DecisionView[] =>
  [decision, ...held.filter((known) => known.id !== decision.id)].slice(0, MAX_DECISIONS);

export const createSlices = (client: Client, live: Live): Slices => {
  const [config, setConfig] = createSignal<Config | null>(null);
  const [settings, setSettings] = createSignal<Settings | null>(null);
  const [metrics, setMetrics] = createSignal<MetricsView | null>(null);
  const [decisions, setDecisions] = createSignal<readonly DecisionView[]>([]);
  const [problem, setProblem] = createSignal<string | null>(null);
  const listeners = new Set<(decision: DecisionView) => void>();

  const failed = (error: unknown): void => {
    // A connection that ended meanwhile is told by the connection itself; the next one fetches again.
    if (live.connection().connected) setProblem(error instanceof Error ? error.message : String(error));
  };

  const fetchAll = async (): Promise<void> => {
    setProblem(null);
    await Promise.all([
      client.request('config:get', {}).then((result) => setConfig(result.config), failed),
      client.request('settings:get', {}).then((result) => setSettings(result.settings), failed),
      client.request('metrics:get', {}).then((result) => setMetrics(result.metrics), failed),
      client.request('metrics:subscribe', { interval: METRICS_EVERY }).catch(failed),
      client
        .request('decisions:list', { limit: MAX_DECISIONS })
        .then((result) => setDecisions(result.decisions), failed),
    ]);
  };

  createEffect(
    on(
      () => live.connection().connected,
      (connected) => {
        if (connected) void fetchAll();
      },
    ),
  );
  const ends = [
    client.on('config:updated', (data) => setConfig(data.config)),
    client.on('settings:updated', (data) => setSettings(data.settings)),
    client.on('metrics:update', (data) => setMetrics(data.metrics)),
    client.on('decisions:updated', ({ decision }) => {
      setDecisions((held) => withDecision(held, decision));
      for (const listener of listeners) listener(decision);
    }),
  ];
  onCleanup(() => {
    for (const end of ends) end();
  });

  const memory = (modelId: string): number | null =>
    metrics()?.processes.find((process) => process.source === `model:${modelId}`)?.memory ?? null;

  return {
    config,
    settings,
    metrics,
    decisions,
    memoryOf: memory,
    problem,
    refetch: fetchAll,
    onDecision: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};
