/** What the pages show beside models: measurements, decisions, log lines, presets, the machine. Plausible, and the same every time. */
import type { NotificationView } from '../../src/contracts/notifications.ts';
import type { EffectiveRow } from '../../src/contracts/changes.ts';
import type { HealthView, InfoView } from '../../src/contracts/commands.ts';
import type { DownloadVariantView } from '../../src/contracts/downloads.ts';
import type {
  InspectedActorView,
  DecisionView,
  LogEntryView,
  MetricsView,
  ModelView,
  PresetView,
} from '../../src/contracts/views.ts';

const MINUTE = 60_000;
const GB = 1e9;

/** A wave with a little noise that is the same for the same moment. */
const wave = (at: number, period: number, low: number, high: number): number => {
  const slow = (Math.sin((at / period) * Math.PI * 2) + 1) / 2;
  const noise = (Math.sin(at / 7_919) + Math.sin(at / 3_571)) / 4;
  return low + (high - low) * Math.min(1, Math.max(0, slow * 0.8 + noise * 0.3 + 0.1));
};

export const sampleAt = (at: number, models: Iterable<ModelView>, gpu = false): MetricsView => {
  const usage = Math.round(wave(at, 9 * MINUTE, 8, 78) * 10) / 10;
  const usedBytes = Math.round(wave(at, 40 * MINUTE, 39 * GB, 44 * GB));
  const gpus = gpu
    ? [
        {
          name: 'NVIDIA RTX 4090',
          usage: Math.round(wave(at, 7 * MINUTE, 4, 96)),
          memoryUsed: Math.round(wave(at, 60 * MINUTE, 9 * GB, 19 * GB)),
          memoryTotal: 25_757_220_864,
          powerUsage: wave(at, 7 * MINUTE, 60, 410),
          powerLimit: 450,
          temperature: Math.round(wave(at, 30 * MINUTE, 41, 68)),
        },
      ]
    : [];
  return {
    cpu: { usage, cores: 12, load: Math.round(usage * 1.2) / 10 },
    memory: {
      used: Math.round((usedBytes / 68.7e9) * 1000) / 10,
      usedBytes,
      totalBytes: 68_700_000_000,
      availableBytes: 68_700_000_000 - usedBytes,
    },
    disk: { used: 40, usedBytes: 4e11, totalBytes: 1e12 },
    network: { rx: wave(at, 5 * MINUTE, 2e3, 6e5), tx: wave(at, 6 * MINUTE, 1e3, 2.4e6) },
    uptime: 8000,
    ...(gpus[0] === undefined ? {} : { gpu: gpus[0] }),
    gpus,
    processes: [
      { source: 'server', pid: 4_000, cpu: Math.round(wave(at, 3 * MINUTE, 1, 6)), memory: 118_000_000 },
      { source: 'router', pid: 4_001, cpu: Math.round(wave(at, 4 * MINUTE, 1, 22)), memory: 74_000_000 },
      ...[...models]
        .filter((model) => model.pid !== null)
        .map((model, index) => ({
          source: `model:${model.id}`,
          pid: model.pid ?? 0,
          cpu: Math.round(wave(at + index * 2 * MINUTE, 9 * MINUTE, 10, 540)),
          memory: Math.round(model.size * 1.12),
        })),
    ],
    activeModels: 2,
    tokensPerSecond: Math.round(wave(at, 9 * MINUTE, 0, 96)),
    modelTokensPerSecond: {},
    requestsPerMinute: Math.round(wave(at, 12 * MINUTE, 2, 38)),
    timestamp: at,
  };
};

/** Newest first, as the server answers: every five seconds for an hour, every minute before that. */
export const historyOf = (now: number, hours: number, models: Iterable<ModelView>, gpu = false): MetricsView[] => {
  const held = [...models];
  // On a grid, so that two answers within one visit tell of the same moments.
  const last = Math.floor(now / 5000) * 5000;
  const times: number[] = [];
  for (let at = last; at > now - Math.min(hours, 1) * 60 * MINUTE; at -= 5000) times.push(at);
  for (let at = last - 60 * MINUTE; at > now - hours * 60 * MINUTE; at -= MINUTE) times.push(at);
  return times.map((at) => sampleAt(at, held, gpu));
};

export const someDecisions = (now: number): DecisionView[] => [
  {
    id: 'd4',
    at: now - 2 * MINUTE,
    kind: 'admitted',
    modelId: 'Mistral-Small-3.2-24B-Instruct-2506-Q4_K_M',
    reason: 'Needs 15.1 GB; 16.3 GB are free after the reserve of 0.5 GB.',
    by: 'ana',
    for: null,
    evicts: [],
    requiredBytes: null,
    availableBytes: null,
  },
  {
    id: 'd3',
    at: now - 3 * MINUTE,
    kind: 'evicted',
    modelId: 'gpt-oss-20b-mxfp4',
    reason:
      'Left after 12 min without a request (12.9 GB) to make room for Mistral-Small-3.2-24B, which needs 15.1 GB.',
    by: 'placement',
    for: null,
    evicts: [],
    requiredBytes: null,
    availableBytes: null,
  },
  {
    id: 'd2',
    at: now - 26 * MINUTE,
    kind: 'restarted',
    modelId: 'Qwen3-8B-Q4_K_M',
    reason: 'It crashed with SIGSEGV and was wanted; first restart, after 1 s.',
    by: 'supervisor',
    for: null,
    evicts: [],
    requiredBytes: null,
    availableBytes: null,
  },
  {
    id: 'd1',
    at: now - 84 * MINUTE,
    kind: 'refused',
    modelId: 'Llama-3.3-70B-Instruct-Q4_K_M',
    reason: 'Needs 44.2 GB, but only 32.9 GB would be free with every model unloaded.',
    by: 'ana',
    for: null,
    evicts: [],
    requiredBytes: null,
    availableBytes: null,
  },
];

const PHRASES: readonly [LogEntryView['level'], string, string][] = [
  ['info', 'server', 'listening on http://127.0.0.1:3000'],
  ['info', 'router', 'started with preset default, pid 47001'],
  ['info', 'model:Qwen3-8B-Q4_K_M', 'llama_model_loader: loaded meta data with 28 key-value pairs and 399 tensors'],
  ['debug', 'model:Qwen3-8B-Q4_K_M', 'slot get_availabl: id 2 | task -1 | selected slot by LRU, t_last = 1203948'],
  ['info', 'model:Qwen3-8B-Q4_K_M', '\u001b[32mslot launch_slot_\u001b[0m: id 2 | task 118 | processing task'],
  ['info', 'router', 'POST /v1/chat/completions 200 in 1 240 ms, 212 tokens at 41.8/s'],
  [
    'warn',
    'model:gemma-3-4b-it-Q4_K_M',
    '\u001b[33mcontext shift is disabled; the prompt was cut to 8 192 tokens\u001b[0m',
  ],
  [
    'error',
    'model:Llama-3.3-70B-Instruct-Q4_K_M',
    '\u001b[1;31mggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 42184253440\u001b[0m',
  ],
  ['info', 'server', 'model Qwen3-8B-Q4_K_M is loaded after 2.1 s'],
  ['debug', 'router', 'connection to model Qwen3-8B-Q4_K_M reused (idle 1.2 s)'],
];

/** Newest first, ids rising with time. */
export const someLines = (now: number, count: number): LogEntryView[] =>
  Array.from({ length: count }, (_, back): LogEntryView => {
    const number = count - back;
    const [level, source, message] = PHRASES[number % PHRASES.length] ?? ['info', 'server', ''];
    return { id: String(1_700_000_000_000_000 + number), timestamp: now - back * 730, level, source, message };
  });

export const somePresets = (): PresetView[] => [
  {
    name: 'default',
    path: '/home/ana/.local/share/llamactor/presets/default.ini',
    models: [],
    parameters: { 'ctx-size': '8192' },
    ini: '; What every model starts with.\n[*]\nctx-size = 8192\nflash-attn = on\n',
    problem: null,
  },
  {
    name: 'coding',
    path: '/home/ana/.local/share/llamactor/presets/coding.ini',
    models: ['Qwen2.5-Coder-32B-Instruct-Q4_K_M'],
    parameters: { temp: '0.2' },
    ini: '; Long context, little temperature.\n[*]\ntemp = 0.2\ncache-type-k = q8_0\n\n[Qwen2.5-Coder-32B-Instruct-Q4_K_M]\nctx-size = 65536\nn-gpu-layers = 99\n',
    problem: null,
  },
];

export const aVariant = (
  quant: string,
  size: number,
  parts: Partial<DownloadVariantView> = {},
): DownloadVariantView => ({
  quant,
  file: `model-${quant}.gguf`,
  shards: 1,
  size,
  mmproj: null,
  mmprojSize: 0,
  fit: 'fits',
  recommended: true,
  ...parts,
});

export const someInfo = (): InfoView => ({
  platform: 'linux',
  arch: 'x64',
  nodeVersion: 'v20.19.5',
  uptime: 8000,
  memory: { total: 68_700_000_000, free: 13_100_000_000 },
  cpuCount: 12,
  version: '0.1.0',
  dataDir: '/home/ana/.local/share/llamactor',
  pid: 4_000,
});

export const someNotifications = (now: number): NotificationView[] => {
  const at = (minutes: number): string => new Date(now - minutes * 60_000).toISOString();
  const rest = { userId: null, count: 1, read: false };
  return [
    {
      id: 'n5',
      type: 'error',
      title: 'stable-code-3b was given up',
      message: 'The file ends too early: 2.1 GB of 3.1 GB are there. It is not tried again until someone loads it.',
      timestamp: at(2),
      data: { modelId: 'stable-code-3b' },
      ...rest,
    },
    {
      id: 'n4',
      type: 'warning',
      title: 'Qwen3-8B-Q4_K_M crashed',
      message: 'The engine ended with code 1. It is started again by itself.',
      timestamp: at(9),
      data: { modelId: 'Qwen3-8B-Q4_K_M' },
      ...rest,
      count: 3,
    },
    {
      id: 'n3',
      type: 'success',
      title: 'Download finished',
      message: 'SmolLM2-360M-Instruct-Q8_0 can be used now.',
      timestamp: at(47),
      data: { downloadId: 'd1', modelId: 'SmolLM2-360M-Instruct-Q8_0' },
      ...rest,
      read: true,
    },
    {
      id: 'n2',
      type: 'warning',
      title: 'The disk is nearly full',
      message:
        "92 % of the data folder's disk is used, and 38.2 GiB are left: downloads and logs will fail when it is full.",
      timestamp: at(190),
      data: { disk: 92 },
      ...rest,
      read: true,
    },
    {
      id: 'n1',
      type: 'info',
      title: 'Backup',
      message: 'The nightly backup is done.',
      timestamp: at(600),
      ...rest,
      read: true,
    },
  ];
};
/** Parameters of a model, of which it did not get the context that was asked for. */
export const someRows = (contextSize: number | null): EffectiveRow[] => [
  { key: 'ctx-size', requested: 65_536, source: 'record', effective: contextSize, told: 'engine', differs: true },
  { key: 'flash-attn', requested: 'on', source: 'preset [*]', effective: true, told: 'engine', differs: false },
  { key: 'temp', requested: 0.7, source: 'preset section', effective: 0.7, told: 'command line', differs: false },
  { key: 'threads', requested: null, source: 'engine', effective: 12, told: 'engine', differs: false },
];

export const someHealth = (): HealthView => ({
  status: 'healthy',
  details: {
    engine: { ok: true, message: 'llama.cpp b11669 at /usr/bin/llama-server' },
    router: { ok: true, message: 'Answers on port 8080; 2 requests in flight' },
    storage: { ok: true, message: 'The data folder can be written; 600 GB are free' },
    memory: { ok: true, message: '26.2 GB available' },
  },
});

/** A supervisor with its engine, its router and one model that has just loaded. */
export const someActors = (): InspectedActorView[] => {
  const actor = (id: string, machine: string | null, state: string | null, parent: string | null, name: string) =>
    ({ id, name, machine, parent, status: 'active', state, context: machine === null ? null : { by: 'ana' } }) as const;
  return [
    actor('x:0', 'supervisor', 'running', null, 'supervisor'),
    actor('x:1', 'engine', 'ready', 'x:0', 'engine'),
    actor('x:2', 'router', 'loaded', 'x:0', 'router'),
    actor('x:3', null, null, 'x:2', 'router/process'),
    actor('x:4', 'model', 'loaded', 'x:0', 'model:Qwen3-8B-Q4_K_M'),
    actor('x:5', null, null, 'x:4', 'model:Qwen3-8B-Q4_K_M/process'),
  ];
};
