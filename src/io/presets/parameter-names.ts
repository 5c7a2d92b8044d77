/**
 * What llama-server's parameters are called. Names and kinds follow `llama-server --help` of 0.7.0; what a given engine really
 * has is decided by its own list of flags, these tables only bring other spellings to it.
 */

/** Variables whose name, below LLAMA_ARG_, is not that of their flag; also short flags and second names of long ones. */
const SPELLINGS: Readonly<Record<string, string>> = {
  batch: 'batch-size',
  ubatch: 'ubatch-size',
  'n-predict': 'predict',
  'n-parallel': 'parallel',
  'n-gpu-layers': 'gpu-layers',
  'n-gpu-layers-draft': 'gpu-layers-draft',
  'rope-scaling-type': 'rope-scaling',
  'endpoint-metrics': 'metrics',
  'endpoint-props': 'props',
  'endpoint-slots': 'slots',
  embedding: 'embeddings',
  rerank: 'reranking',
  think: 'reasoning-format',
  'think-budget': 'reasoning-budget',
  'think-budget-message': 'reasoning-budget-message',
  temperature: 'temp',
  'static-path': 'path',
  'log-verbosity': 'verbosity',
  webui: 'ui',
  t: 'threads',
  tb: 'threads-batch',
  c: 'ctx-size',
  n: 'predict',
  b: 'batch-size',
  ub: 'ubatch-size',
  fa: 'flash-attn',
  ctk: 'cache-type-k',
  ctv: 'cache-type-v',
  ngl: 'gpu-layers',
  sm: 'split-mode',
  ts: 'tensor-split',
  mg: 'main-gpu',
  dev: 'device',
  ot: 'override-tensor',
  cmoe: 'cpu-moe',
  ncmoe: 'n-cpu-moe',
  np: 'parallel',
  cb: 'cont-batching',
  kvu: 'kv-unified',
  cram: 'cache-ram',
  kvo: 'kv-offload',
  md: 'model-draft',
  mm: 'mmproj',
  mmu: 'mmproj-url',
  fit: 'fit',
  fitt: 'fit-target',
  fitc: 'fit-ctx',
  lm: 'load-mode',
  lv: 'verbosity',
  v: 'verbose',
  m: 'model',
  mu: 'model-url',
  a: 'alias',
  hf: 'hf-repo',
  hfr: 'hf-repo',
  hff: 'hf-file',
  hft: 'hf-token',
  dr: 'docker-repo',
  h: 'help',
  cl: 'cache-list',
};

/** Names that mean the same as another, the other way round: an older engine may know only the second. */
const SECOND_NAMES: Readonly<Record<string, readonly string[]>> = {
  'gpu-layers': ['n-gpu-layers'],
  predict: ['n-predict'],
  embeddings: ['embedding'],
  reranking: ['rerank'],
  temp: ['temperature'],
  verbosity: ['log-verbosity'],
  ui: ['webui'],
};

/** Flags without a value that have no `--no-` twin which would tell. */
const SWITCHES = new Set([
  'swa-full',
  'cpu-moe',
  'cpu-moe-draft',
  'spec-draft-cpu-moe',
  'check-tensors',
  'verbose',
  'ignore-eos',
  'backend-sampling',
  'special',
  'spm-infill',
  'embeddings',
  'reranking',
  'metrics',
  'props',
  'lora-init-without-apply',
  'mlock',
  'spec-default',
  'jinja',
  'slots',
]);

/** llama-server's ready-made bundles of settings, such as `--fim-qwen-7b-default`. */
const BUNDLE = /^(fim|embd|gpt-oss|vision)-.*(default|spec)$/;

/** Flags whose value is on, off or auto: a plain yes or no must be said in these words. */
export const ON_OFF = new Set(['flash-attn', 'fit', 'reasoning', 'lazy-mode']);

/** Flags with a value whose `--no-` twin belongs to another flag. */
const TAKES_VALUE = new Set(['mmproj']);

const OWNED: readonly { names: readonly string[]; because: string }[] = [
  {
    names: ['host', 'port', 'reuse-port', 'path', 'api-prefix', 'ssl-key-file', 'ssl-cert-file', 'threads-http'],
    because: 'Llamactor decides where and how a model listens',
  },
  {
    names: ['api-key', 'api-key-file', 'hf-token'],
    because: 'keys are managed by Llamactor and never given to a model',
  },
  {
    names: ['model', 'model-url', 'hf-repo', 'hf-file', 'docker-repo', 'offline'],
    because: 'which file is loaded follows from the model itself',
  },
  { names: ['alias', 'tags'], because: 'a model answers to its id; give it aliases in its record' },
  {
    names: ['log-jsonl', 'log-colors', 'log-file', 'log-disable', 'log-prefix', 'log-timestamps'],
    because: 'Llamactor reads the engine’s log in a form of its own',
  },
  {
    names: ['models-dir', 'models-preset', 'models-max', 'models-autoload'],
    because: 'Llamactor does the work of llama-server’s router mode',
  },
  {
    names: ['help', 'usage', 'version', 'list-devices', 'cache-list', 'completion-bash'],
    because: 'it makes the engine print something and end',
  },
];
/** Not the opposite of `host`: it is about buffers. */
const NO_HOST = 'no-host';

/** Instructions to the supervisor that llama.cpp's preset format has and its command line has not. */
export const PRESET_ONLY: ReadonlySet<string> = new Set(['load-on-startup', 'stop-timeout', 'dedup-cache-models']);

/**
 * One name for all spellings of a parameter: `--ctx-size`, `ctx_size`, `c` and `LLAMA_ARG_CTX_SIZE` give `ctx-size`. A negative
 * keeps its `no-`. Short flags are told apart by case (`-c` is the context, `-C` a CPU mask), so single words keep theirs.
 */
export const canonicalName = (key: string): string => {
  const bare = key
    .trim()
    .replace(/^LLAMA_ARG_/, '')
    .replace(/^LLAMA_API_KEY$/, 'api-key')
    .replace(/^-+/, '');
  const plain = /^[A-Z][a-z]{0,2}$/.test(bare) ? bare : bare.replaceAll('_', '-').toLowerCase();
  if (plain.startsWith('no-')) {
    const positive = plain.slice(3);
    return `no-${Object.hasOwn(SPELLINGS, positive) ? (SPELLINGS[positive] ?? positive) : positive}`;
  }
  return Object.hasOwn(SPELLINGS, plain) ? (SPELLINGS[plain] ?? plain) : plain;
};

/** Spellings under which an engine may list the parameter, likeliest first, dashes included. */
export const spellingsOf = (name: string): string[] => {
  const others = Object.hasOwn(SECOND_NAMES, name) ? (SECOND_NAMES[name] ?? []) : [];
  return [`--${name}`, ...others.map((other) => `--${other}`), `-${name}`];
};

/** Why a parameter is not for people to set, as the middle of a sentence; null when it is. */
export const ownedBecause = (name: string): string | null => {
  if (name === NO_HOST) return null;
  const positive = name.replace(/^no-/, '');
  return OWNED.find(({ names }) => names.includes(positive))?.because ?? null;
};

export const isSwitch = (name: string, knownFlags: ReadonlySet<string>): boolean =>
  !TAKES_VALUE.has(name) &&
  (SWITCHES.has(name) || BUNDLE.test(name) || name.startsWith('no-') || knownFlags.has(`--no-${name}`));
