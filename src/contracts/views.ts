/** What leaves the server: plain, serialisable shapes. Times are epoch milliseconds and sizes are bytes unless a name says otherwise. */
import type { DownloadView } from './downloads.ts';

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

/** Bytes by device, never added up: what is free on one is of no use to another. GPUs are in the driver's order. */
export interface DeviceBytesView {
  ram: number;
  gpus: readonly number[];
}

/** What a model takes; the breakdown is by device, the plain numbers are its sum. */
export interface ModelMemoryView {
  /** What the next load is expected to take: from the header, corrected by what an earlier load measured. */
  estimatedBytes: number;
  estimated: DeviceBytesView;
  /** What the present load, or the last one with the same parameters, really took; null when none was measured. */
  measuredBytes: number | null;
  measured: DeviceBytesView | null;
}

export interface ModelView {
  id: string;
  /** File name of the first shard; the record's name when no file belongs to it, or when it is a further record of a file. */
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
  /** What its process was not started with: the model is loaded again when it is idle, or takes it at its next load. */
  pendingChange: false | { keys: string[]; when: 'when idle' | 'next load' };
  model_path: string | null;
  model_url: string | null;
  ctx_size: number;
  batch_size: number;
  threads: number;
  /** Never evicted, and never unloaded for being idle. */
  pinned: boolean;
  /** Idle models of lower priority leave first; 0 unless set. */
  priority: number;
  group: string | null;
  /** Its own time to live in seconds of idleness; 0 is never, null is the configuration's. */
  ttl: number | null;
  /** When it will be unloaded if nobody uses it, epoch ms; null while it is in use or may stay for ever. */
  expiresAt: number | null;
  memory: ModelMemoryView;
  /** Requests answered at once; 0 is no limit, null the configuration's. */
  concurrency: number | null;
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

export const DECISION_KINDS = ['admitted', 'evicted', 'yielded', 'queued', 'refused', 'restarted', 'gave-up'] as const;

/** Why the supervisor admitted, evicted, queued or refused; kept as a bounded history, newest first, also across restarts. */
export interface DecisionView {
  id: string;
  at: number;
  /** `yielded`: a busy model gets no new requests and leaves once it has answered what it has, because others wait too long. */
  kind: (typeof DECISION_KINDS)[number];
  modelId: string;
  /** One sentence with the arithmetic. */
  reason: string;
  by: string;
  /** The model it happened for, when not for itself. */
  for: string | null;
  /** The models that left for it. */
  evicts: string[];
  /** What was needed and what was free after promises and reserve, by device; null where memory did not matter or is unknown. */
  requiredBytes: DeviceBytesView | null;
  availableBytes: DeviceBytesView | null;
}

export interface PresetView {
  name: string;
  path: string;
  /** Model sections it names. */
  models: string[];
  /** Parameters of its `[*]` section. */
  parameters: Record<string, ParameterValue>;
  ini: string;
  /** Why the file cannot be used, with its line; null when it can. */
  problem: string | null;
}

/** Everything a live client needs to draw the system; `seq` numbers the increments that follow it. */
export interface SnapshotView {
  seq: number;
  serverTime: number;
  version: string;
  models: ModelView[];
  router: RouterView;
  engine: EngineView;
  /** Newest first. */
  downloads: DownloadView[];
}

export type LiveChange =
  | { kind: 'model'; model: ModelView }
  | { kind: 'model.removed'; id: string }
  | { kind: 'router'; router: RouterView }
  | { kind: 'engine'; engine: EngineView }
  | { kind: 'download'; download: DownloadView }
  | { kind: 'download.removed'; id: string };

/** An increment: apply when `seq` is the last one plus 1, otherwise ask for a snapshot again. */
export interface LiveChangeView {
  seq: number;
  changes: LiveChange[];
}

/** One actor as the inspector shows it. */
export interface InspectedActorView {
  /** Unique while the server runs. */
  id: string;
  /** "supervisor", "engine", "router", "model:<id>", or the name of a port such as "model:<id>/process". */
  name: string;
  /** The machine, whose diagram is `visualizations/<machine>.svg`; null for a port. */
  machine: string | null;
  parent: string | null;
  status: 'active' | 'done' | 'error' | 'stopped';
  /** The state's name, with dots between nested ones; null for a port. */
  state: string | null;
  /** Redacted: no paths, prompts or secrets, other actors by their ids, long values cut. Null for a port. */
  context: unknown;
}

/** One step of one actor: what came, from whom, and what it led to. */
export interface InspectorFrameView {
  /** Strictly increasing; a gap means that frames were left out because too many came at once. */
  seq: number;
  /** Epoch ms. */
  at: number;
  /** The actor after the step. */
  actor: InspectedActorView;
  /** The state before it; null when the actor has just begun. */
  before: string | null;
  /** Who sent the event; null when it came from outside or from the actor itself. */
  source: string | null;
  /** The event, redacted like a context. */
  event: { type: string } & Record<string, unknown>;
}
