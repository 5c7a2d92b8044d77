/**
 * Where llama-swap's fields go. A field of ours that this version does not have yet is left out with a reason; as soon as the
 * record or the configuration has it, it is carried over.
 */
import { CONFIG_KEYS, ModelRecord } from '../../contracts/config.ts';

export interface FieldRule {
  /** Our field's name. */
  to: string;
  /** Null when the value means what happens anyway. */
  value(given: unknown): unknown;
  /** What it is, for the report when there is no such field. */
  what: string;
}

const positive = (given: unknown): number | null => (typeof given === 'number' && given > 0 ? given : null);

/** Model fields → fields of the model's record. */
export const RECORD_RULES: Readonly<Record<string, FieldRule>> = {
  // Seconds; -1 is the global value, 0 never.
  ttl: {
    to: 'ttl',
    value: (given) => (typeof given === 'number' && given >= 0 ? given : null),
    what: 'unloading a model after idle time',
  },
  concurrencyLimit: { to: 'concurrency', value: positive, what: 'a limit of parallel requests per model' },
  unlisted: { to: 'unlisted', value: (given) => given === true || null, what: 'hiding a model from lists' },
  // Written by the import itself, from `groups`.
  group: { to: 'group', value: (given) => given, what: 'groups of which one model runs at a time' },
};

/** Top-level fields → configuration keys. */
export const CONFIG_RULES: Readonly<Record<string, FieldRule>> = {
  // Seconds; less than 15 counts as 15.
  healthCheckTimeout: {
    to: 'startTimeout',
    value: (given) => (typeof given === 'number' ? Math.max(15, Math.ceil(given)) : null),
    what: 'how long a model may take to load',
  },
  globalTTL: { to: 'idleTtl', value: positive, what: 'unloading models after idle time' },
};

export const recordHas = (field: string): boolean => Object.hasOwn(ModelRecord.shape, field);
export const configHas = (key: string): boolean => Object.hasOwn(CONFIG_KEYS, key);

/** What has no place here, and why. */
export const TOP_LEVEL_REASONS: Readonly<Record<string, string>> = {
  apiKeys: 'keys are never copied; make new ones for the clients that need them',
  startPort: 'models listen on private sockets',
  logLevel: 'the log has its own settings',
  logToStdout: 'the log has its own settings',
  logTimeFormat: 'the log has its own settings',
  logRequests: 'the log has its own settings',
  metricsMaxInMemory: 'metrics keep their own history',
  captureBuffer: 'requests are not captured unless that is switched on',
  sendLoadingState: 'waiting clients are told their place in the queue without it',
  includeAliasesInList: 'aliases are shown with their model',
  peers: 'other servers are not part of this one',
  selectors: 'models are chosen by their own names',
  matrix: 'which models run together follows from memory and modelsMax',
};

export const MODEL_REASONS: Readonly<Record<string, string>> = {
  proxy: 'Llamactor decides where a model listens',
  checkEndpoint: 'readiness is told by the engine itself',
  cmdStop: 'Llamactor stops what it started',
  useModelName: 'llama-server takes any name',
  filters: 'requests are passed on as they are',
  metadata: 'lists show what the model file says',
  description: 'lists show what the model file says',
  name: 'lists show the file’s own name',
  timeouts: 'Llamactor reaches its models without a network',
  sendLoadingState: 'waiting clients are told their place in the queue without it',
};
