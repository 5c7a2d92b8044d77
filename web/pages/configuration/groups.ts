/** The configuration's keys in the order a person thinks of them. Keys of the contract that are named nowhere come last. */
import { CONFIG_KEYS } from '../../../src/contracts/config.ts';
import type { ConfigKey } from '../../../src/contracts/config.ts';

export interface Group {
  title: string;
  keys: ConfigKey[];
}

const NAMED: readonly { title: string; keys: readonly string[] }[] = [
  { title: 'Folders and downloads', keys: ['modelsDir', 'modelsDirs', 'downloadsMax'] },
  {
    title: 'What is in memory',
    keys: [
      'modelsMax',
      'memoryReserve',
      'gpuMemoryReserve',
      'idleTtl',
      'fairnessQuantum',
      'exclusiveGroups',
      'restoreModels',
    ],
  },
  { title: 'How models run', keys: ['contextSize', 'gpuLayers', 'threads', 'batch_size', 'concurrency'] },
  { title: 'Engine', keys: ['serverPath'] },
  { title: 'Waiting and stopping', keys: ['startTimeout', 'stopTimeout', 'queueTimeout', 'queueLimit'] },
  {
    title: 'Runs',
    keys: [
      'runs.command',
      'runs.commands',
      'runs.claude',
      'runs.model',
      'runs.directories',
      'runs.environment',
      'runs.max',
      'runs.queueLimit',
      'runs.queueTimeout',
      'runs.timeout',
      'runs.outputMax',
      'runs.keep',
    ],
  },
  {
    title: 'Sessions',
    keys: [
      'sessions.model',
      'sessions.endpoint',
      'sessions.endpointKeyVariable',
      'sessions.browser',
      'sessions.max',
      'sessions.maxSteps',
      'sessions.timeout',
      'sessions.allow',
      'sessions.deny',
      'sessions.allowPrivate',
      'sessions.rules',
      'sessions.uploadMax',
      'sessions.downloadMax',
      'sessions.sweep',
      'sessions.keep',
    ],
  },
  { title: 'Server and API', keys: ['autoStart', 'host', 'port', 'routerPort'] },
  { title: 'Who may use it', keys: ['requireKeys', 'allowedHosts', 'allowedOrigins'] },
  { title: 'Agents’ channels', keys: ['channelsMax', 'channelMessages', 'channelEventsPerMinute'] },
  { title: 'Media', keys: ['mediaMax', 'mediaTimeout', 'mediaUploadMiB', 'mediaKeepDays', 'mediaKeepMiB'] },
  { title: 'Notifications', keys: ['notifyDiskUsed', 'notifyMemoryUsed', 'webhookUrl'] },
  { title: 'Looking into requests', keys: ['captureBodies', 'captureBytes'] },
];

const isKey = (key: string): key is ConfigKey => Object.hasOwn(CONFIG_KEYS, key);

export const configGroups = (): Group[] => {
  const named = NAMED.map(({ title, keys }) => ({ title, keys: keys.filter(isKey) }));
  const placed = new Set<string>(named.flatMap(({ keys }) => keys));
  const others = Object.keys(CONFIG_KEYS)
    .filter(isKey)
    .filter((key) => !placed.has(key));
  return [...named, ...(others.length === 0 ? [] : [{ title: 'More', keys: others }])];
};

const LABELS: Readonly<Record<string, string>> = {
  modelsDir: 'Models folder',
  modelsDirs: 'Further folders',
  modelsMax: 'Models at once',
  restoreModels: 'Restore at start',
  memoryReserve: 'Memory to leave free',
  contextSize: 'Context',
  gpuLayers: 'GPU layers',
  threads: 'CPU threads',
  batch_size: 'Batch',
  serverPath: 'Path of llama-server',
  startTimeout: 'Time to load',
  stopTimeout: 'Time to stop',
  queueTimeout: 'Time in the queue',
  queueLimit: 'Length of the queue',
  'runs.command': 'Command',
  'runs.commands': 'Further commands',
  'runs.claude': 'Claude with local models',
  'runs.model': 'Model',
  'runs.directories': 'Folders to work in',
  'runs.environment': 'Variables to pass on',
  'runs.max': 'Runs at once',
  'runs.queueLimit': 'Runs that may wait',
  'runs.queueTimeout': 'Time to wait',
  'runs.timeout': 'Time to run',
  'runs.outputMax': 'Output to keep',
  'runs.keep': 'Runs to keep',
  'sessions.model': 'Model',
  'sessions.endpoint': 'Another endpoint',
  'sessions.endpointKeyVariable': 'Variable with its key',
  'sessions.browser': 'Browser',
  'sessions.max': 'Browsers at once',
  'sessions.maxSteps': 'Steps of a session',
  'sessions.timeout': 'Time to work',
  'sessions.allow': 'Sites that may be reached',
  'sessions.deny': 'Sites that may not',
  'sessions.allowPrivate': 'Places in the local network',
  'sessions.rules': 'What needs no question',
  'sessions.uploadMax': 'Size of a file',
  'sessions.downloadMax': 'Size of all downloads',
  'sessions.sweep': 'Close idle browsers after',
  'sessions.keep': 'Sessions to keep',
  autoStart: 'Start the router',
  host: 'Address',
  port: 'Port of the dashboard',
  routerPort: 'Port of the API',
  allowedHosts: 'Allowed hosts',
  allowedOrigins: 'Allowed origins',
  gpuMemoryReserve: 'GPU memory to leave free',
  exclusiveGroups: 'Groups that run alone',
  idleTtl: 'Unload when idle',
  fairnessQuantum: 'Turn of a model',
  downloadsMax: 'Downloads at once',
  concurrency: 'Requests at once',
  requireKeys: 'Keys on this machine too',
  channelsMax: 'Most channels',
  channelMessages: 'Messages of a channel',
  channelEventsPerMinute: 'Events a minute',
  mediaMax: 'Media tools at once',
  mediaTimeout: 'Time of a media tool',
  mediaUploadMiB: 'Size of an upload',
  mediaKeepDays: 'Days media are kept',
  mediaKeepMiB: 'Room for all media',
  notifyDiskUsed: 'Warn of a full disk',
  notifyMemoryUsed: 'Warn of full memory',
  webhookUrl: 'Webhook',
  captureBodies: 'Keep bodies of requests',
  captureBytes: 'Bytes kept of each body',
};

/** `someNewKey` → `Some new key`, for keys without a name of their own. */
export const labelOf = (key: string): string => {
  const words = key
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
  return LABELS[key] ?? words.charAt(0).toUpperCase() + words.slice(1);
};

/** What has to happen before a change of the key counts. */
export const RESTART_WORDS: Readonly<Record<string, string>> = {
  none: 'counts at once',
  live: 'counts at once',
  scan: 'folders are searched again',
  models: 'loaded models take it when they are idle',
  engine: 'counts for models loaded from then on',
  router: 'restarts the router',
  server: 'counts after a restart of Llamactor',
};
