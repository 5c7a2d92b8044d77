/** What leaves the server: plain, serialisable shapes. Times are epoch milliseconds and sizes are bytes unless a name says otherwise. */

export const LIFECYCLE_STATES = ['unloaded', 'loading', 'loaded', 'stopping', 'error'] as const;
/** The five states of a supervised process (a model's llama-server, or the router). */
export type LifecycleState = (typeof LIFECYCLE_STATES)[number];

export type ParameterValue = string | number | boolean;

/** Why something failed: `message` is one sentence in plain words, `stderr` the engine's own last lines (at most 20). */
export interface FailureView {
  code:
    | 'OUT_OF_MEMORY'
    | 'BAD_ARGUMENT'
    | 'CORRUPT_FILE'
    | 'FILE_MISSING'
    | 'UNSUPPORTED_ARCHITECTURE'
    | 'MISSING_LIBRARY'
    | 'PORT_IN_USE'
    | 'ENGINE_MISSING'
    | 'START_TIMEOUT'
    | 'STALLED'
    | 'KILLED'
    | 'CRASHED'
    | 'SPAWN_FAILED'
    | 'DOES_NOT_FIT'
    | 'NOT_STOPPED';
  message: string;
  stderr: string[];
  exitCode: number | null;
  signal: string | null;
  at: number;
}

/** Facts read from a GGUF header; null where the file does not say. */
export interface GgufMetadataView {
  name: string | null;
  architecture: string | null;
  parameters: number | null;
  /** Label such as "8B" derived from `parameters`. */
  sizeLabel: string | null;
  /** For example "Q4_K_M" or "F16". */
  quantization: string | null;
  contextLength: number | null;
  layers: number | null;
  heads: number | null;
  kvHeads: number | null;
  embeddingLength: number | null;
  vocabularySize: number | null;
  inputModalities: ('text' | 'image' | 'audio')[];
  outputModalities: ('text' | 'embedding' | 'rank')[];
  hasChatTemplate: boolean;
  supportsTools: boolean;
  /** Experts per layer, for mixtures. */
  experts: number | null;
  license: string | null;
}

export interface ModelView {
  id: string;
  /** File name of the first shard, or the record's name when no file belongs to it. */
  name: string;
  aliases: string[];
  type: string;
  state: LifecycleState;
  /** The word of the dialect this view was shaped for; in our own clients equal to `state`. */
  status: string;
  desired: 'loaded' | 'unloaded';
  /** Percent 0–100 while loading, else null. */
  progress: number | null;
  /** The engine's word for what it loads now, e.g. "text_model". */
  stage: string | null;
  size: number;
  loadedAt: number | null;
  lastUsedAt: number | null;
  inFlight: number;
  pid: number | null;
  /** Context per slot that the engine really gave, after fitting; null until loaded. */
  contextSize: number | null;
  slots: number | null;
  failure: FailureView | null;
  /** When the next automatic start happens; null when none is planned. */
  retryAt: number | null;
  gaveUp: boolean;
  restarts: number;
  /** Why this file cannot be used (broken, partial, missing), or null. */
  problem: string | null;
  shards: number;
  mmproj: string | null;
  metadata: GgufMetadataView | null;
  preset: string | null;
  parameters: Record<string, ParameterValue>;
  model_path: string | null;
  model_url: string | null;
  ctx_size: number;
  batch_size: number;
  threads: number;
  /** Epoch seconds. */
  created_at: number;
  /** Epoch seconds. */
  updated_at: number;
}

export interface RouterView {
  state: LifecycleState;
  running: boolean;
  preset: string;
  pid: number | null;
  url: string | null;
  startedAt: number | null;
  loadedModels: string[];
  failure: FailureView | null;
  retryAt: number | null;
  gaveUp: boolean;
  restarts: number;
  /** Requests being answered or waiting now. */
  inFlight: number;
}

export const ENGINE_STATES = ['unknown', 'checking', 'installing', 'ready', 'missing'] as const;
export type EngineState = (typeof ENGINE_STATES)[number];

export interface EngineProgressView {
  /** What is being done, e.g. "downloading libllama0". */
  stage: string;
  /** 0–100, or null when the total is unknown. */
  percent: number | null;
  receivedBytes: number;
  totalBytes: number | null;
}

export interface EngineView {
  state: EngineState;
  path: string | null;
  /** Where it was found. */
  source: 'configured' | 'path' | 'installed' | null;
  version: string | null;
  build: number | null;
  progress: EngineProgressView | null;
  /** Why there is none, and what to do. */
  problem: string | null;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogEntryView {
  /** Strictly increasing over the life of a data folder's server process, as a string. */
  id: string;
  timestamp: number;
  level: LogLevel;
  message: string;
  /** "server", "router", "engine" or "model:<id>". */
  source: string;
}

export interface GpuMetricsView {
  name: string;
  /** Percent 0–100. */
  usage: number | null;
  memoryUsed: number | null;
  memoryTotal: number | null;
  /** Watts. */
  powerUsage: number | null;
  powerLimit: number | null;
  /** Degrees Celsius. */
  temperature: number | null;
}

export interface ProcessMetricsView {
  /** "server", "router" or "model:<id>". */
  source: string;
  pid: number;
  /** Percent of one core; 250 means two and a half cores. */
  cpu: number;
  memory: number;
}

/** One sample. Percentages are 0–100; `network` is bytes per second; `uptime` is the server's, in seconds. */
export interface MetricsView {
  cpu: { usage: number; cores: number; load: number };
  memory: { used: number; usedBytes: number; totalBytes: number; availableBytes: number };
  disk: { used: number; usedBytes: number; totalBytes: number };
  network: { rx: number; tx: number };
  uptime: number;
  gpu?: GpuMetricsView;
  gpus: GpuMetricsView[];
  processes: ProcessMetricsView[];
  activeModels: number;
  requestsPerMinute: number;
  /** Generated tokens per second over the last 5 s, all models together. */
  tokensPerSecond: number;
  /** The same by model id; idle models are left out. */
  modelTokensPerSecond: Record<string, number>;
  timestamp: number;
}

/** Why the supervisor admitted, evicted, queued or refused; kept as a bounded history, newest first. */
export interface DecisionView {
  id: string;
  at: number;
  kind: 'admitted' | 'evicted' | 'queued' | 'refused' | 'restarted' | 'gave-up';
  modelId: string;
  /** One sentence with the arithmetic. */
  reason: string;
  by: string;
}

export interface PresetView {
  name: string;
  path: string;
  /** Model sections it names. */
  models: string[];
  /** Parameters of its `[*]` section. */
  parameters: Record<string, ParameterValue>;
  ini: string;
}

/** Everything a live client needs to draw the system; `seq` numbers the increments that follow it. */
export interface SnapshotView {
  seq: number;
  serverTime: number;
  version: string;
  models: ModelView[];
  router: RouterView;
  engine: EngineView;
}

export type LiveChange =
  | { kind: 'model'; model: ModelView }
  | { kind: 'model.removed'; id: string }
  | { kind: 'router'; router: RouterView }
  | { kind: 'engine'; engine: EngineView };

/** An increment: apply when `seq` is the last one plus 1, otherwise ask for a snapshot again. */
export interface LiveChangeView {
  seq: number;
  changes: LiveChange[];
}
