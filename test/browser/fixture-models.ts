/** Models as a real folder has them: names, sizes and headers of well-known families. */
import type { FailureView, GgufMetadataView, ModelView } from '../../src/contracts/views.ts';

const NOW = Date.now();
const MINUTE = 60_000;

export const metadata = (parts: Partial<GgufMetadataView> = {}): GgufMetadataView => ({
  name: null,
  architecture: 'llama',
  parameters: 8_030_261_248,
  sizeLabel: '8B',
  quantization: 'Q4_K_M',
  contextLength: 131_072,
  layers: 32,
  heads: 32,
  kvHeads: 8,
  embeddingLength: 4096,
  vocabularySize: 128_256,
  inputModalities: ['text'],
  outputModalities: ['text'],
  hasChatTemplate: true,
  supportsTools: true,
  experts: null,
  license: 'apache-2.0',
  ...parts,
});

export const aModel = (id: string, parts: Partial<ModelView> = {}): ModelView => {
  const state = parts.state ?? 'unloaded';
  return {
    id,
    name: `${id}.gguf`,
    aliases: [],
    type: 'llama',
    state,
    status: state,
    desired: state === 'loading' || state === 'loaded' ? 'loaded' : 'unloaded',
    progress: null,
    stage: null,
    size: 4_920_734_176,
    loadedAt: null,
    lastUsedAt: null,
    inFlight: 0,
    pid: null,
    contextSize: null,
    slots: null,
    failure: null,
    retryAt: null,
    gaveUp: false,
    restarts: 0,
    problem: null,
    shards: 1,
    mmproj: null,
    metadata: metadata(),
    preset: null,
    parameters: {},
    pendingChange: false,
    model_path: `/home/ana/models/${id}.gguf`,
    model_url: null,
    ctx_size: 0,
    batch_size: 512,
    threads: 0,
    pinned: false,
    priority: 0,
    group: null,
    ttl: null,
    expiresAt: null,
    memory: {
      estimatedBytes: 5_500_000_000,
      estimated: { ram: 5_500_000_000, gpus: [] },
      measuredBytes: null,
      measured: null,
    },
    concurrency: null,
    created_at: Math.floor(NOW / 1000) - 86_400 * 20,
    updated_at: Math.floor(NOW / 1000) - 3600,
    ...parts,
  };
};

export const outOfMemory = (at = Date.now()): FailureView => ({
  code: 'OUT_OF_MEMORY',
  message:
    'The engine ran out of memory: it asked for 41.2 GB and 18.6 GB were free; choose a smaller context or model.',
  stderr: [
    'llama_model_load: loading model tensors, this can take a while',
    'load_tensors: offloading 80 repeating layers to GPU',
    'ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 42184253440',
    'alloc_tensor_range: failed to allocate CPU buffer of size 42184253440',
    'llama_model_load: error loading model: unable to allocate CPU buffer',
    'main: exiting due to model loading error',
  ],
  exitCode: 1,
  signal: null,
  at,
});

const crashed = (at: number): FailureView => ({
  code: 'CRASHED',
  message: 'The engine stopped by itself while it was answering; it was ended by SIGSEGV.',
  stderr: ['slot process_token: id 0 | task 214 | n_decoded = 91', 'Segmentation fault (core dumped)'],
  exitCode: null,
  signal: 'SIGSEGV',
  at,
});

/** One of everything: each state, each kind of trouble, each modality. */
export const mixedModels = (): ModelView[] => [
  aModel('Qwen3-8B-Q4_K_M', {
    state: 'loaded',
    size: 5_027_783_488,
    loadedAt: NOW - 127 * MINUTE,
    lastUsedAt: NOW - 3000,
    inFlight: 2,
    pid: 48_213,
    contextSize: 32_768,
    slots: 4,
    memory: {
      estimatedBytes: 6_100_000_000,
      estimated: { ram: 800_000_000, gpus: [5_300_000_000] },
      measuredBytes: 5_600_000_000,
      measured: { ram: 700_000_000, gpus: [4_900_000_000] },
    },
    metadata: metadata({
      name: 'Qwen3 8B',
      architecture: 'qwen3',
      parameters: 8_190_735_360,
      sizeLabel: '8.2B',
      contextLength: 40_960,
      layers: 36,
    }),
    aliases: ['qwen', 'default'],
  }),
  aModel('gemma-3-12b-it-Q4_K_M', {
    state: 'loaded',
    size: 7_300_574_912,
    loadedAt: NOW - 9 * MINUTE,
    lastUsedAt: NOW - 4 * MINUTE,
    pid: 48_877,
    contextSize: 16_384,
    slots: 1,
    mmproj: '/home/ana/models/mmproj-gemma-3-12b.gguf',
    metadata: metadata({
      name: 'Gemma 3 12B Instruct',
      architecture: 'gemma3',
      parameters: 11_766_034_176,
      sizeLabel: '12B',
      inputModalities: ['text', 'image'],
      license: 'gemma',
    }),
  }),
  aModel('Llama-3.3-70B-Instruct-Q4_K_M', {
    state: 'error',
    desired: 'loaded',
    size: 42_520_398_432,
    failure: outOfMemory(NOW - 5000),
    retryAt: NOW + 600_000,
    restarts: 2,
    shards: 2,
    metadata: metadata({
      name: 'Llama 3.3 70B Instruct',
      parameters: 70_553_706_496,
      sizeLabel: '70B',
      layers: 80,
      heads: 64,
      license: 'llama3.3',
    }),
  }),
  aModel('Mistral-Small-3.2-24B-Q5_K_M', {
    state: 'loading',
    progress: 63,
    stage: 'text_model',
    size: 16_763_983_136,
    pid: 49_120,
    metadata: metadata({
      architecture: 'mistral',
      parameters: 23_572_403_200,
      sizeLabel: '24B',
      quantization: 'Q5_K_M',
      inputModalities: ['text', 'image'],
    }),
  }),
  aModel('Phi-4-mini-instruct-Q8_0', {
    state: 'error',
    size: 4_084_611_744,
    failure: crashed(NOW - 14 * MINUTE),
    gaveUp: true,
    restarts: 5,
    desired: 'loaded',
    metadata: metadata({
      architecture: 'phi3',
      parameters: 3_836_021_760,
      sizeLabel: '3.8B',
      quantization: 'Q8_0',
      license: 'mit',
    }),
  }),
  aModel('nomic-embed-text-v1.5-f16', {
    state: 'stopping',
    size: 274_290_560,
    loadedAt: NOW - 3 * 60 * MINUTE,
    pid: 47_002,
    contextSize: 2048,
    slots: 1,
    metadata: metadata({
      architecture: 'nomic-bert',
      parameters: 136_731_648,
      sizeLabel: '137M',
      quantization: 'F16',
      contextLength: 2048,
      outputModalities: ['embedding'],
      hasChatTemplate: false,
      supportsTools: false,
    }),
  }),
  aModel('bge-reranker-v2-m3-Q8_0', {
    size: 636_093_120,
    metadata: metadata({
      architecture: 'bert',
      parameters: 567_000_000,
      sizeLabel: '567M',
      quantization: 'Q8_0',
      contextLength: 8192,
      outputModalities: ['rank'],
      hasChatTemplate: false,
      supportsTools: false,
    }),
  }),
  aModel('DeepSeek-R1-Distill-Qwen-14B-Q4_K_M', {
    size: 8_988_110_976,
    lastUsedAt: NOW - 26 * 60 * MINUTE,
    metadata: metadata({ architecture: 'qwen2', parameters: 14_770_033_664, sizeLabel: '15B', license: 'mit' }),
  }),
  aModel('gpt-oss-20b-mxfp4', {
    size: 12_109_566_560,
    metadata: metadata({
      architecture: 'gpt-oss',
      parameters: 20_914_757_184,
      sizeLabel: '21B',
      quantization: 'MXFP4',
      experts: 32,
    }),
  }),
  aModel('Qwen3-Coder-30B-A3B-Instruct-Q4_K_M', {
    size: 18_556_688_736,
    metadata: metadata({
      architecture: 'qwen3moe',
      parameters: 30_532_122_624,
      sizeLabel: '31B',
      contextLength: 262_144,
      experts: 128,
    }),
  }),
  aModel('Qwen2.5-Omni-7B-Q4_K_M', {
    size: 4_683_073_536,
    metadata: metadata({
      architecture: 'qwen2vl',
      parameters: 7_615_616_512,
      sizeLabel: '7.6B',
      contextLength: 32_768,
      inputModalities: ['text', 'image', 'audio'],
    }),
  }),
  aModel('SmolLM2-360M-Instruct-Q8_0', {
    size: 386_404_992,
    metadata: metadata({ parameters: 361_821_120, sizeLabel: '362M', quantization: 'Q8_0', contextLength: 8192 }),
  }),
  aModel('tinyllama-1.1b-chat-v1.0.Q4_K_M', {
    size: 668_788_096,
    metadata: metadata({ parameters: 1_100_048_384, sizeLabel: '1.1B', contextLength: 2048, supportsTools: false }),
  }),
  aModel('Mixtral-8x22B-v0.1-Q4_K_M-00001-of-00005', {
    size: 36_900_000_000,
    shards: 3,
    problem: 'Parts 4 and 5 of 5 are missing; put them beside the first part.',
    metadata: metadata({ parameters: 140_630_071_296, sizeLabel: '141B', contextLength: 65_536, experts: 8 }),
  }),
  aModel('stable-code-3b-q4', {
    size: 91_226_112,
    problem: 'The file ends too early: 91.2 MB of 1.7 GB are there, so the download was probably cut off.',
    metadata: null,
  }),
];

/** `count` plain models for the long list. */
export const manyModels = (count: number): ModelView[] =>
  Array.from({ length: count }, (_, index) =>
    aModel(`model-${String(index + 1).padStart(4, '0')}-Q4_K_M`, { size: 1_000_000_000 + index * 7_000_000 }),
  );
