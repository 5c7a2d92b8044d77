/**
 * The words of the two dialects: A is seed 000 (acknowledgements), B is seed 001 (envelopes). Pure, and exhaustive over the
 * lifecycle states, so that a new state cannot leave the server without a word in each.
 */
import { CONFIG_ALIASES } from '../contracts/config.ts';
import type { LlamaStatusView, RouterStatusView } from '../contracts/commands.ts';
import type { Config } from '../contracts/config.ts';
import type { LifecycleState, LogEntryView, ModelView, RouterView } from '../contracts/views.ts';

export type Dialect = 'a' | 'b';

/** A model that is stopping still answers for its memory and its name, so both seeds see it as loaded until it has left. */
export const MODEL_WORDS: Readonly<Record<Dialect, Readonly<Record<LifecycleState, string>>>> = {
  a: { unloaded: 'unloaded', loading: 'loading', loaded: 'loaded', stopping: 'loaded', error: 'error' },
  b: { unloaded: 'idle', loading: 'loading', loaded: 'running', stopping: 'running', error: 'error' },
};

export const ROUTER_WORDS: Readonly<Record<Dialect, Readonly<Record<LifecycleState, string>>>> = {
  a: { unloaded: 'idle', loading: 'loading', loaded: 'ready', stopping: 'stopping', error: 'error' },
  b: { unloaded: 'idle', loading: 'starting', loaded: 'running', stopping: 'stopping', error: 'error' },
};

/**
 * Views are immutable and replaced when they change, so their shape per dialect is kept with them: a broadcast of 500
 * models then shapes only the one that changed.
 */
const memoised = (shape: (view: ModelView) => ModelView): ((view: ModelView) => ModelView) => {
  const shaped = new WeakMap<ModelView, ModelView>();
  return (view) => {
    const known = shaped.get(view);
    if (known !== undefined) return known;
    const made = shape(view);
    shaped.set(view, made);
    return made;
  };
};

export const modelForA = memoised((view) => ({ ...view, status: MODEL_WORDS.a[view.state] }));
export const modelForB = memoised((view) => ({ ...view, status: MODEL_WORDS.b[view.state] }));
export const modelFor = (dialect: Dialect, view: ModelView): ModelView =>
  dialect === 'a' ? modelForA(view) : modelForB(view);

/** Models that hold memory now, oldest load first. A stopping one counts until its process has left. */
export const modelsInMemory = (models: readonly ModelView[]): ModelView[] =>
  models
    .filter((model) => model.state === 'loaded' || model.state === 'stopping')
    .sort((left, right) => (left.loadedAt ?? 0) - (right.loadedAt ?? 0));

/** The part of the router's status that reads the same in both dialects; `loadedModel` is the one loaded last. */
export const loadedNames = (models: readonly ModelView[]): { loadedModel: string | null; loadedModels: string[] } => {
  const loadedModels = modelsInMemory(models).map((model) => model.name);
  return { loadedModel: loadedModels.at(-1) ?? null, loadedModels };
};

/** The router's status with its plain state as the word; `usage` is CPU percent and memory bytes, `now` epoch ms. */
export const routerStatus = (
  router: RouterView,
  models: readonly ModelView[],
  usage: { cpu: number; memory: number },
  now: number,
): RouterStatusView => ({
  status: router.state,
  running: router.running,
  ...loadedNames(models),
  uptime: uptimeOf(router, now),
  cpuUsage: usage.cpu,
  memoryUsage: usage.memory,
  timestamp: now,
  router,
});

/** Milliseconds since the router became ready; 0 when it is not running. */
const uptimeOf = (router: RouterView, now: number): number =>
  router.running && router.startedAt !== null ? Math.max(0, now - router.startedAt) : 0;

export const routerStatusFor = (dialect: Dialect, status: RouterStatusView): RouterStatusView => ({
  ...status,
  status: ROUTER_WORDS[dialect][status.router.state],
});

/** The router in the words of seed 001; `uptime` in ms, `startedAt` epoch ms. */
export const llamaStatus = (
  router: RouterView,
  models: readonly ModelView[],
  now: number,
): LlamaStatusView['status'] => ({
  status: ROUTER_WORDS.b[router.state],
  lastError: router.failure?.message ?? null,
  uptime: uptimeOf(router, now),
  startedAt: router.startedAt,
  models: loadedNames(models).loadedModels,
});

/** The configuration with every key under each of its spellings. */
export const configView = (config: Config): Config & Record<string, unknown> => {
  const spellings = Object.entries(CONFIG_ALIASES).map(([alias, key]) => [alias, config[key]] as const);
  return { ...config, ...Object.fromEntries(spellings) };
};

/** Seed 000 wants `{timestamp, level, message, source}`; seed 001 keeps the source inside `context`. One entry serves both. */
export const logEntryView = (entry: LogEntryView): LogEntryView & { context: { source: string } } => ({
  ...entry,
  context: { source: entry.source },
});

/** The `entry` of `logs:entry`, whose time is ISO text. */
export const logBroadcastEntry = (
  entry: LogEntryView,
): { id: string; timestamp: string; level: string; message: string; source: string; context: { source: string } } => ({
  id: entry.id,
  timestamp: new Date(entry.timestamp).toISOString(),
  level: entry.level,
  message: entry.message,
  source: entry.source,
  context: { source: entry.source },
});
