/** Configuration and settings: every key with its default, its validation, its help and its other spellings. */
import { z } from 'zod';
import { SESSION_KEYS } from './config-sessions.ts';
import type { ParameterValue } from './views.ts';

/** Seconds; timers hold 32 bits of milliseconds, about 24 days. */
export const LONGEST_TTL = 2_000_000;

const autoOr = (schema: z.ZodNumber) => z.union([z.literal('auto'), schema]);

/**
 * The configuration document. `contextSize` 0 means the model's own context, fitted to memory; "auto" leaves the choice to
 * the engine. `restart` says what a change leads to: `live` values are sent to the router while it runs, `models` only those
 * models for which it makes a difference, when they are idle.
 */
export const CONFIG_KEYS = {
  modelsDir: {
    schema: z.string().max(4096),
    default: '',
    help: 'Folder that is searched for GGUF files; empty is the one in the data folder.',
    restart: 'scan',
  },
  modelsDirs: {
    schema: z.array(z.string().min(1).max(4096)).max(64),
    default: [] as string[],
    help: 'Further folders to search.',
    restart: 'scan',
  },
  modelsMax: {
    schema: z.int().min(1).max(128),
    default: 4,
    help: 'How many models may be loaded at once.',
    restart: 'none',
  },
  contextSize: {
    schema: z.int().refine((n) => n === 0 || (n >= 512 && n <= 1_048_576), 'must be 0 or between 512 and 1048576'),
    default: 0,
    help: 'Context in tokens; 0 is the model’s own, fitted to memory.',
    restart: 'models',
  },
  batch_size: {
    schema: z.int().min(1).max(65_536),
    default: 512,
    help: 'Logical batch size for prompts.',
    restart: 'models',
  },
  gpuLayers: {
    schema: autoOr(z.int().min(0).max(10_000)),
    default: 'auto' as 'auto' | number,
    help: 'Layers to keep on the GPU.',
    restart: 'models',
  },
  threads: {
    schema: autoOr(z.int().min(1).max(1024)),
    default: 'auto' as 'auto' | number,
    help: 'CPU threads for generation.',
    restart: 'models',
  },
  serverPath: {
    schema: z.string().max(4096),
    default: '',
    help: 'The llama-server to run; empty finds or installs one.',
    restart: 'engine',
  },
  host: { schema: z.string().min(1).max(253), default: '127.0.0.1', help: 'Address to listen on.', restart: 'server' },
  port: {
    schema: z.int().min(1).max(65_535),
    default: 3000,
    help: 'Port of the dashboard and sockets.',
    restart: 'server',
  },
  routerPort: {
    schema: z.int().min(1).max(65_535),
    default: 8080,
    help: 'Port of the inference API.',
    restart: 'router',
  },
  autoStart: { schema: z.boolean(), default: true, help: 'Start the router with the server.', restart: 'none' },
  restoreModels: {
    schema: z.boolean(),
    default: true,
    help: 'Load again at start what was loaded at the end.',
    restart: 'none',
  },
  memoryReserve: {
    schema: z.int().min(0).max(1_048_576),
    default: 512,
    help: 'MiB of memory that placement leaves free.',
    restart: 'none',
  },
  gpuMemoryReserve: {
    schema: z.int().min(0).max(1_048_576),
    default: 256,
    help: 'MiB that placement leaves free on each GPU.',
    restart: 'none',
  },
  exclusiveGroups: {
    schema: z.array(z.string().min(1).max(64)).max(64),
    default: [] as string[],
    help: 'Groups of models that share memory with no model outside of them.',
    restart: 'none',
  },
  idleTtl: {
    schema: z.int().min(0).max(LONGEST_TTL),
    default: 0,
    help: 'Seconds after the end of its last request at which an idle model is unloaded; 0 is never.',
    restart: 'none',
  },
  fairnessQuantum: {
    schema: z.int().min(1).max(86_400),
    default: 10,
    help: 'Seconds that a load waits for busy models before they yield, and that a model serves before it yields.',
    restart: 'none',
  },
  startTimeout: {
    schema: z.int().min(1).max(86_400),
    default: 600,
    help: 'Seconds a model may take to load.',
    restart: 'none',
  },
  stopTimeout: {
    schema: z.int().min(1).max(600),
    default: 5,
    help: 'Seconds a process may take to stop before it is killed.',
    restart: 'none',
  },
  queueTimeout: {
    schema: z.int().min(1).max(86_400),
    default: 600,
    help: 'Seconds a request waits for its model.',
    restart: 'live',
  },
  queueLimit: {
    schema: z.int().min(1).max(100_000),
    default: 512,
    help: 'Requests that may wait for one model, counted for each key.',
    restart: 'live',
  },
  downloadsMax: {
    schema: z.int().min(1).max(16),
    default: 2,
    help: 'How many files may be downloaded at once.',
    restart: 'none',
  },
  channelsMax: {
    schema: z.int().min(1).max(100_000),
    default: 1000,
    help: 'How many channels there may be.',
    restart: 'none',
  },
  channelMessages: {
    schema: z.int().min(10).max(1_000_000),
    default: 10_000,
    help: 'Messages that are kept of each channel; the oldest go first.',
    restart: 'none',
  },
  channelEventsPerMinute: {
    schema: z.int().min(0).max(1_000_000),
    default: 60,
    help: 'Channel and log events that one address may send in any minute; 0 is no limit.',
    restart: 'none',
  },
  mediaMax: {
    schema: z.int().min(1).max(16),
    default: 1,
    help: 'How many media tools may run at once.',
    restart: 'none',
  },
  mediaTimeout: {
    schema: z.int().min(1).max(LONGEST_TTL),
    default: 3600,
    help: 'Seconds a media tool may run.',
    restart: 'none',
  },
  mediaUploadMiB: {
    schema: z.int().min(1).max(1_048_576),
    default: 1024,
    help: 'MiB that one upload to be worked on may have.',
    restart: 'none',
  },
  mediaKeepDays: {
    schema: z.int().min(0).max(36_500),
    default: 0,
    help: 'Days after which media are deleted; 0 is never.',
    restart: 'none',
  },
  mediaKeepMiB: {
    schema: z.int().min(0).max(1_073_741_824),
    default: 20_480,
    help: 'MiB that all media may take together; beyond it the oldest are deleted. 0 is no bound.',
    restart: 'none',
  },
  concurrency: {
    schema: z.int().min(0).max(10_000),
    default: 0,
    help: 'Requests that a model answers at once, unless its record says otherwise; 0 is as many as it has connections.',
    restart: 'none',
  },
  requireKeys: {
    schema: z.boolean(),
    default: false,
    help: 'Ask for a key on this machine too; beyond it one is always needed.',
    restart: 'none',
  },
  allowedHosts: {
    schema: z.array(z.string().min(1).max(253)).max(64),
    default: [] as string[],
    help: 'Host names accepted besides the loopback names.',
    restart: 'live',
  },
  allowedOrigins: {
    schema: z.array(z.string().min(1).max(2048)).max(64),
    default: [] as string[],
    help: 'Browser origins accepted besides this server’s own.',
    restart: 'live',
  },
  notifyDiskUsed: {
    schema: z.int().min(0).max(100),
    default: 90,
    help: 'Percent of the data folder’s disk in use at which people are notified; 0 is never.',
    restart: 'none',
  },
  notifyMemoryUsed: {
    schema: z.int().min(0).max(100),
    default: 95,
    help: 'Percent of memory in use, for some time, at which people are notified; 0 is never.',
    restart: 'none',
  },
  webhookUrl: {
    schema: z.union([z.literal(''), z.url({ protocol: /^https?$/ }).max(2048)]),
    default: '',
    help: 'Address that notifications are posted to, signed as Standard Webhooks asks; empty is none.',
    restart: 'none',
  },
  captureBodies: {
    schema: z.boolean(),
    default: false,
    help: 'Keep the bodies of the newest requests in memory, for looking at them; never on disk.',
    restart: 'live',
  },
  captureBytes: {
    schema: z.int().min(1024).max(1_048_576),
    default: 65_536,
    help: 'Bytes that are kept of each captured body.',
    restart: 'live',
  },
  'runs.command': {
    schema: z.string().max(4096),
    default: '',
    help: 'Command line that runs use when nobody chooses one; its prompt comes on stdin. Empty is `claude` if that is allowed below, else the built-in prompt.',
    restart: 'none',
  },
  'runs.commands': {
    schema: z.array(z.string().regex(/^[\w.-]{1,64}\s*=\s*\S/, 'must be written like name=command')).max(64),
    default: [] as string[],
    help: 'Further commands that runs can choose by name, each as name=command line.',
    restart: 'none',
  },
  'runs.claude': {
    schema: z.boolean(),
    default: false,
    help: 'Use `claude` if it is on PATH, with this router as its Anthropic endpoint.',
    restart: 'none',
  },
  'runs.model': {
    schema: z.string().max(512),
    default: '',
    help: 'Model that answers runs of the built-in prompt and of `claude`; empty is a loaded one, else the smallest.',
    restart: 'none',
  },
  'runs.directories': {
    schema: z.array(z.string().min(1).max(4096)).max(64),
    default: [] as string[],
    help: 'Folders in which runs may work. Without one named, each run works in a folder of its own in the data folder.',
    restart: 'none',
  },
  'runs.environment': {
    schema: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be the name of a variable')).max(64),
    default: [] as string[],
    help: 'Variables of the server’s environment that runs get besides the usual ones, for example OPENAI_API_KEY.',
    restart: 'none',
  },
  'runs.max': { schema: z.int().min(1).max(100), default: 5, help: 'How many runs may run at once.', restart: 'none' },
  'runs.queueLimit': { schema: z.int().min(0).max(1000), default: 100, help: 'Runs that may wait.', restart: 'none' },
  'runs.queueTimeout': {
    schema: z.int().min(1).max(86_400),
    default: 600,
    help: 'Seconds that a run waits before it is given up on.',
    restart: 'none',
  },
  'runs.timeout': {
    schema: z.int().min(1).max(86_400),
    default: 300,
    help: 'Seconds that a run may take unless it asks for another time.',
    restart: 'none',
  },
  'runs.outputMax': {
    schema: z.int().min(1).max(1024),
    default: 10,
    help: 'MiB of output that are kept of each run.',
    restart: 'none',
  },
  'runs.keep': {
    schema: z.int().min(1).max(10_000),
    default: 200,
    help: 'Runs that are kept for each owner after their end.',
    restart: 'none',
  },
  ...SESSION_KEYS,
} as const;

export type ConfigKey = keyof typeof CONFIG_KEYS;
export type Config = { [K in ConfigKey]: z.infer<(typeof CONFIG_KEYS)[K]['schema']> };

/** Other spellings that both dialects use, with the key they stand for. */
export const CONFIG_ALIASES: Readonly<Record<string, ConfigKey>> = {
  baseModelsPath: 'modelsDir',
  ctx_size: 'contextSize',
  maxModelsLoaded: 'modelsMax',
  gpu_layers: 'gpuLayers',
  batchSize: 'batch_size',
};

export const SETTINGS_KEYS = {
  theme: {
    schema: z.enum(['light', 'dark', 'system']),
    default: 'system' as 'light' | 'dark' | 'system',
    help: 'Colours of the dashboard.',
  },
  compactMode: { schema: z.boolean(), default: false, help: 'Denser lists.' },
  logLevel: {
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    default: 'info' as 'debug' | 'info' | 'warn' | 'error',
    help: 'Least level that is logged.',
  },
  maxLogEntries: {
    schema: z.int().min(50).max(100_000),
    default: 500,
    help: 'Entries kept in memory for the log views.',
  },
  enableConsoleLog: { schema: z.boolean(), default: false, help: 'Also print the log to the terminal.' },
  autoRefreshMetrics: { schema: z.boolean(), default: true, help: 'Keep charts moving.' },
  refreshInterval: { schema: z.int().min(5).max(60), default: 10, help: 'Seconds between metrics broadcasts.' },
  enableNotifications: { schema: z.boolean(), default: true, help: 'Show notifications in the dashboard.' },
} as const;

export type SettingsKey = keyof typeof SETTINGS_KEYS;
export type Settings = { [K in SettingsKey]: z.infer<(typeof SETTINGS_KEYS)[K]['schema']> };

type Entry = { schema: z.ZodType; default: unknown };
const defaultsOf = <T extends Record<string, Entry>>(table: T) =>
  Object.fromEntries(Object.entries(table).map(([key, entry]) => [key, structuredClone(entry.default)])) as {
    [K in keyof T]: z.infer<T[K]['schema']>;
  };

export const defaultConfig = (): Config => defaultsOf(CONFIG_KEYS);
export const defaultSettings = (): Settings => defaultsOf(SETTINGS_KEYS);

const documentOf = <T extends Record<string, Entry>>(table: T) =>
  z.object(
    Object.fromEntries(
      Object.entries(table).map(([key, entry]) => [key, entry.schema.default(entry.default as never)]),
    ),
  );

/** Validates a stored document; keys that are missing take their defaults. */
export const ConfigDocument = documentOf(CONFIG_KEYS) as unknown as z.ZodType<Config>;
export const SettingsDocument = documentOf(SETTINGS_KEYS) as unknown as z.ZodType<Settings>;

/** A model's record on disk: the person's intent about one model. The file itself is described by the scan. */
export const ModelRecord = z.object({
  id: z.string().min(1).max(256),
  name: z.string().min(1).max(512),
  type: z.string().max(64).default('llama'),
  aliases: z.array(z.string().min(1).max(256)).max(64).default([]),
  parameters: z.record(z.string().max(128), z.union([z.string().max(8192), z.number(), z.boolean()])).default({}),
  preset: z.string().max(128).nullable().default(null),
  model_path: z.string().max(4096).nullable().default(null),
  model_url: z.string().max(4096).nullable().default(null),
  ctx_size: z.int().min(0).max(1_048_576).default(0),
  batch_size: z.int().min(1).max(65_536).default(512),
  threads: z.int().min(0).max(1024).default(0),
  pinned: z.boolean().default(false),
  /** Idle models of lower priority leave first. */
  priority: z.int().min(-100).max(100).default(0),
  /** See `exclusiveGroups` of the configuration. */
  group: z.string().min(1).max(64).nullable().default(null),
  /** Seconds of idleness after which it is unloaded; 0 is never, null is what the configuration says. */
  ttl: z.int().min(0).max(LONGEST_TTL).nullable().default(null),
  /** Requests answered at once; 0 is no limit, null the configuration's. */
  concurrency: z.int().min(0).max(10_000).nullable().default(null),
  /** Deleted by a person while its file stays: hidden until an explicit scan. */
  hidden: z.boolean().default(false),
  desired: z.enum(['loaded', 'unloaded']).default('unloaded'),
  /** Size and fingerprint by which a file is recognised when its folder was renamed. */
  fingerprint: z.string().max(128).nullable().default(null),
  created_at: z.int(),
  updated_at: z.int(),
});
export type ModelRecord = z.infer<typeof ModelRecord>;

export type Parameters = Record<string, ParameterValue>;
