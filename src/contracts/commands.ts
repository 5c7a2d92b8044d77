/**
 * Every command, once: its payload, its result, who may call it and what it does. The registry, the typed client, the CLI
 * and the generated contract table all read this table. Results are written in the envelope dialect (seed 001); the
 * acknowledgement dialect (seed 000) is derived from them.
 */
import { z } from 'zod';
import type { Config, Settings } from './config.ts';
import { LOG_LEVELS } from './views.ts';
import type {
  DecisionView,
  EngineView,
  LogEntryView,
  MetricsView,
  ModelView,
  PresetView,
  RouterView,
  SnapshotView,
} from './views.ts';

export type Scope = 'infer' | 'observe' | 'operate' | 'admin';

export interface CommandContract<P extends z.ZodType, R> {
  payload: P;
  scope: Scope;
  summary: string;
  /** Needs a live socket (subscriptions); other transports refuse it with INVALID_STATE. */
  socketOnly?: true;
  /** Only carried in the type. */
  readonly result?: R;
}

const returns =
  <R>() =>
  <P extends z.ZodType>(
    scope: Scope,
    payload: P,
    summary: string,
    extra: { socketOnly?: true } = {},
  ): CommandContract<P, R> => ({
    payload,
    scope,
    summary,
    ...extra,
  });

const empty = z.object({});
const name = z.string().trim().min(1).max(512);
/** A model by id, name (with or without `.gguf`) or alias; the two dialects call the field differently. */
const modelRef = z
  .object({ modelName: name.optional(), modelId: name.optional() })
  .refine((p) => p.modelName !== undefined || p.modelId !== undefined, { message: 'modelId is required' });
const parameters = z.record(z.string().min(1).max(128), z.union([z.string().max(8192), z.number(), z.boolean()]));
const modelFields = z.object({
  name,
  aliases: z.array(name).max(64),
  parameters,
  preset: z.string().max(128).nullable(),
  model_path: z.string().max(4096).nullable(),
  model_url: z.string().max(4096).nullable(),
  ctx_size: z.int().min(0).max(1_048_576),
  batch_size: z.int().min(1).max(65_536),
  threads: z.int().min(0).max(1024),
  type: z.string().max(64),
  pinned: z.boolean(),
});
const presetName = z.string().trim().min(1).max(128);

export interface InfoView {
  platform: string;
  arch: string;
  nodeVersion: string;
  uptime: number;
  memory: { total: number; free: number };
  cpuCount: number;
  version: string;
  dataDir: string;
  pid: number;
}

export interface HealthView {
  status: 'healthy' | 'degraded';
  details: Record<string, { ok: boolean; message: string }>;
}

export interface ExplainView {
  modelId: string;
  verdict: 'fits' | 'evicts' | 'waits' | 'refused' | 'loaded';
  reason: string;
  evicts: string[];
  requiredBytes: number;
  availableBytes: number;
}

export interface LlamaStatusView {
  status: { status: string; lastError: string | null; uptime: number; startedAt: number | null; models: string[] };
}

/** The router's status in words both dialects share; `status` itself is translated per dialect. */
export interface RouterStatusView {
  status: string;
  running: boolean;
  loadedModel: string | null;
  loadedModels: string[];
  /** Milliseconds since the router became ready; 0 when it is stopped. */
  uptime: number;
  /** Percent. */
  cpuUsage: number;
  /** Bytes. */
  memoryUsage: number;
  timestamp: number;
  router: RouterView;
}

export const COMMANDS = {
  'models:list': returns<{ models: ModelView[] }>()('observe', empty, 'All models, with their state.'),
  'models:get': returns<{ model: ModelView }>()('observe', modelRef, 'One model.'),
  'models:scan': returns<{ found: number; added: number; updated: number; removed: number; models: ModelView[] }>()(
    'operate',
    z.object({ path: z.string().min(1).max(4096).optional() }),
    'Searches the folders, or one given folder inside them, for models.',
  ),
  'models:load': returns<{ model: ModelView; status: 'loaded' }>()(
    'operate',
    modelRef,
    'Loads a model; answers when it is loaded or has failed.',
  ),
  'models:unload': returns<{ model: ModelView; status: 'unloaded' }>()(
    'operate',
    modelRef,
    'Unloads a model; a model that is not loaded stays as it is.',
  ),
  'models:start': returns<{ model: ModelView }>()('operate', modelRef, 'The same as models:load.'),
  'models:stop': returns<{ model: ModelView }>()('operate', modelRef, 'The same as models:unload.'),
  'models:create': returns<{ model: ModelView }>()(
    'operate',
    z.object({ model: modelFields.partial().extend({ name, id: name.optional() }) }),
    'Creates a record for a model.',
  ),
  'models:update': returns<{ model: ModelView }>()(
    'operate',
    z.object({ modelId: name, updates: modelFields.partial().strict() }),
    'Changes a model’s record; a loaded model keeps running and takes the change at its next load.',
  ),
  'models:delete': returns<{ deletedId: string; modelName: string; deleted: true }>()(
    'operate',
    modelRef,
    'Style A deletes the file after unloading it; style B removes the record and leaves the file.',
  ),
  'router:status': returns<RouterStatusView>()('observe', empty, 'State of the inference router.'),
  'router:start': returns<{ status: 'starting' }>()('operate', empty, 'Starts the router.'),
  'router:stop': returns<{ status: 'stopping' }>()('operate', empty, 'Stops the router and unloads its models.'),
  'router:restart': returns<{ status: 'restarting' }>()(
    'operate',
    z.object({ signal: z.enum(['SIGTERM', 'SIGINT', 'SIGKILL']).default('SIGTERM') }),
    'Restarts the router; models that were loaded are loaded again.',
  ),
  'router:start-with-preset': returns<{ preset: string; status: 'starting' }>()(
    'operate',
    z.object({ presetName }),
    'Restarts the router with a preset’s parameters.',
  ),
  'llama:status': returns<LlamaStatusView>()('observe', empty, 'State of the llama router in the words of seed 001.'),
  'llama:start': returns<{ success: true }>()('operate', empty, 'Starts the router; answers when it is ready.'),
  'llama:stop': returns<{ success: true }>()(
    'operate',
    empty,
    'Stops the router and its models; answers when it has stopped.',
  ),
  'llama:rescan': returns<{ scanned: number }>()(
    'operate',
    empty,
    'Searches all folders again; brings back records that were removed.',
  ),
  'presets:list': returns<{ presets: PresetView[] }>()('observe', empty, 'All presets.'),
  'presets:get': returns<{ preset: PresetView }>()(
    'observe',
    z.object({ name: presetName }),
    'One preset with its text.',
  ),
  'presets:save': returns<{ preset: PresetView }>()(
    'operate',
    z.object({ name: presetName, ini: z.string().max(1_048_576) }),
    'Validates and saves a preset.',
  ),
  'presets:delete': returns<{ deleted: string }>()('operate', z.object({ name: presetName }), 'Deletes a preset.'),
  'config:get': returns<{ config: Config }>()('observe', empty, 'The configuration.'),
  'config:update': returns<{ config: Config }>()(
    'admin',
    z.union([
      z.object({ config: z.record(z.string().max(128), z.unknown()) }),
      z.object({ key: z.string().min(1).max(128), value: z.unknown() }),
    ]),
    'Changes configuration keys; all of them or none.',
  ),
  'settings:get': returns<{ settings: Settings }>()('observe', empty, 'The settings.'),
  'settings:update': returns<{ settings: Settings }>()(
    'operate',
    z.object({ settings: z.record(z.string().max(128), z.unknown()) }),
    'Changes settings; all of them or none.',
  ),
  'logs:get': returns<{ logs: LogEntryView[] }>()(
    'observe',
    z.object({
      limit: z.int().min(1).max(1000).default(100),
      offset: z.int().min(0).max(1_000_000).default(0),
      level: z.enum(LOG_LEVELS).optional(),
      source: z.string().max(512).optional(),
    }),
    'Log entries, newest first.',
  ),
  'logs:clear': returns<{ cleared: number }>()('operate', empty, 'Empties the log kept in memory; files stay.'),
  'metrics:get': returns<{ metrics: MetricsView }>()('observe', empty, 'The newest sample.'),
  'metrics:history': returns<{ history: MetricsView[] }>()(
    'observe',
    z.object({ limit: z.int().min(1).max(10_000).default(100), hours: z.number().positive().max(24).default(24) }),
    'Samples, newest first.',
  ),
  'metrics:subscribe': returns<{ interval: number }>()(
    'observe',
    z.object({ interval: z.int().min(1000).max(60_000).default(2000) }),
    'Sends metrics:update to this socket at this interval.',
    { socketOnly: true },
  ),
  'metrics:unsubscribe': returns<{ interval: null }>()('observe', empty, 'Back to the common interval.', {
    socketOnly: true,
  }),
  'live:subscribe': returns<SnapshotView>()(
    'observe',
    empty,
    'A full snapshot, then live:change increments without a gap.',
    { socketOnly: true },
  ),
  'live:unsubscribe': returns<{ subscribed: false }>()('observe', empty, 'Ends live:change for this socket.', {
    socketOnly: true,
  }),
  'engine:status': returns<{ engine: EngineView }>()('observe', empty, 'The llama-server in use.'),
  'engine:install': returns<{ engine: EngineView }>()(
    'admin',
    empty,
    'Installs a llama-server into the data folder; progress is broadcast.',
  ),
  'engine:use': returns<{ engine: EngineView }>()(
    'admin',
    z.object({ path: z.string().min(1).max(4096) }),
    'Uses this llama-server from now on; running models keep theirs.',
  ),
  'placement:explain': returns<{ explanation: ExplainView }>()(
    'observe',
    modelRef,
    'What would happen if this model were loaded now.',
  ),
  'decisions:list': returns<{ decisions: DecisionView[] }>()(
    'observe',
    z.object({ limit: z.int().min(1).max(1000).default(100) }),
    'Why models were admitted, evicted, queued or refused; newest first.',
  ),
  'system:info': returns<{ info: InfoView }>()('observe', empty, 'The machine and the server.'),
  'system:health': returns<HealthView>()('observe', empty, 'What works and what does not.'),
} as const;

export type CommandName = keyof typeof COMMANDS;
export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];
export const isCommandName = (value: string): value is CommandName => Object.hasOwn(COMMANDS, value);

/** What a caller may write (defaults left out). */
export type CommandInput<N extends CommandName> = z.input<(typeof COMMANDS)[N]['payload']>;
/** What a handler receives (parsed, defaults filled). */
export type CommandPayload<N extends CommandName> = z.output<(typeof COMMANDS)[N]['payload']>;
export type CommandResult<N extends CommandName> =
  (typeof COMMANDS)[N] extends CommandContract<z.ZodType, infer R> ? R : never;

/** `models:load` → `LOAD_MODELS_FAILED`, except where seed 001 lists another name. */
const FAILURE_CODES: Partial<Record<CommandName, string>> = {
  'models:get': 'GET_MODEL_FAILED',
  'models:create': 'CREATE_MODEL_FAILED',
  'models:update': 'UPDATE_MODEL_FAILED',
  'models:delete': 'DELETE_MODEL_FAILED',
  'models:start': 'START_MODEL_FAILED',
  'models:stop': 'STOP_MODEL_FAILED',
  'models:load': 'LOAD_MODEL_FAILED',
  'models:unload': 'UNLOAD_MODEL_FAILED',
  'metrics:history': 'GET_METRICS_HISTORY_FAILED',
  'llama:status': 'GET_LLAMA_STATUS_FAILED',
  'llama:rescan': 'RESCAN_FAILED',
  'router:status': 'GET_ROUTER_STATUS_FAILED',
  'router:start-with-preset': 'START_ROUTER_FAILED',
  'system:info': 'GET_SYSTEM_INFO_FAILED',
  'system:health': 'HEALTH_CHECK_FAILED',
};

/** The envelope dialect's error code of a command. */
export const failureCode = (command: CommandName): string => {
  const listed = FAILURE_CODES[command];
  if (listed !== undefined) return listed;
  const [domain = '', verb = ''] = command.split(':');
  return `${verb}_${domain}_FAILED`.replaceAll('-', '_').toUpperCase();
};
