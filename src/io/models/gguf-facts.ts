import type { Skim, SkimmedTensor, SkimmedValue } from './skim-gguf.ts';
import { elementsOf, tensorSizes } from './tensor-size.ts';

/**
 * What an estimate of memory needs from a header. Sizes are bytes. A number per layer has one entry for each block;
 * null where the file does not say. Facts of shards are added up.
 */
export interface GgufFacts {
  parameters: number;
  tensorBytes: number;
  /** Weights of block 0, 1, …: what one more layer on a GPU costs. */
  layerBytes: number[];
  /** The part of `tensorBytes` that is experts of a mixture, which can stay in host memory. */
  expertBytes: number;
  /** Token embeddings, which stay on the host, and the output matrix with its norm, which goes along with the last layer. */
  inputBytes: number;
  outputBytes: number;
  /** Everything outside blocks, input and output. */
  otherBytes: number;
  layers: number | null;
  contextLength: number | null;
  embeddingLength: number | null;
  vocabularySize: number | null;
  heads: number[] | null;
  kvHeads: number[] | null;
  /** Length of one head's key and value; embedding length over heads unless the file says otherwise. */
  keyLength: number | null;
  valueLength: number | null;
  feedForwardLength: number[] | null;
  ropeDimensions: number | null;
  ropeFrequencyBase: number | null;
  ropeScaling: string | null;
  ropeScalingFactor: number | null;
  /** Tokens that a windowed layer remembers; such layers need less cache than the full context. */
  slidingWindow: number | null;
  /** Which layers have the window; null where the header does not say, as most do not. */
  windowedLayers: boolean[] | null;
  /** Compressed key/value size per token (multi-head latent attention); replaces heads × lengths. */
  latentLength: number | null;
  /** State of recurrent layers: convolution width, inner size, state size. */
  recurrent: { convolution: number; inner: number; state: number } | null;
  experts: number | null;
  expertsUsed: number | null;
}

export const numberAt = ({ values }: Pick<Skim, 'values'>, key: string): number | null => {
  const value = values.get(key);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
};

export const textAt = ({ values }: Pick<Skim, 'values'>, key: string): string | null => {
  const value = values.get(key);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
};

const numbersAt = ({ values }: Skim, key: string): number[] | null => {
  const value = values.get(key);
  if (typeof value === 'number') return [value];
  if (!Array.isArray(value)) return null;
  const numbers = value.filter((element) => typeof element === 'number');
  return numbers.length === value.length && numbers.length > 0 ? numbers : null;
};

/** One number stands for all blocks. Bounded, so that a damaged block count cannot make a list of millions. */
const perLayer = (numbers: number[] | null, layers: number | null): number[] | null => {
  const [first] = numbers ?? [];
  if (numbers === null || first === undefined) return null;
  if (numbers.length > 1) return numbers;
  return layers !== null && layers >= 1 && layers <= 4096 ? Array<number>(Math.floor(layers)).fill(first) : [first];
};

/** A list says it layer by layer; a number n says that every nth layer sees everything and the others have the window. */
const windowedLayers = (pattern: SkimmedValue | undefined, layers: number | null): boolean[] | null => {
  if (Array.isArray(pattern)) return pattern.map((windowed) => windowed === true || windowed === 1);
  if (typeof pattern !== 'number' || pattern < 1 || layers === null || layers > 4096) return null;
  return Array.from({ length: layers }, (_, layer) => (layer + 1) % pattern !== 0);
};

const LAYER = /^blk\.(\d{1,4})\./;
const EXPERT = /\.ffn_(gate|up|down|gate_up)_exps\./;

const weights = (tensors: readonly SkimmedTensor[]) => {
  const sum = {
    parameters: 0,
    tensorBytes: 0,
    layerBytes: [] as number[],
    expertBytes: 0,
    inputBytes: 0,
    outputBytes: 0,
    otherBytes: 0,
  };
  const sizes = tensorSizes(tensors);
  tensors.forEach(({ name, shape }, i) => {
    const bytes = sizes[i] ?? 0;
    const layer = LAYER.exec(name)?.[1];
    sum.parameters += elementsOf(shape);
    sum.tensorBytes += bytes;
    if (EXPERT.test(name)) sum.expertBytes += bytes;
    if (layer !== undefined) {
      while (sum.layerBytes.length <= Number(layer)) sum.layerBytes.push(0);
      sum.layerBytes[Number(layer)] = (sum.layerBytes[Number(layer)] ?? 0) + bytes;
    } else if (name.startsWith('token_embd')) sum.inputBytes += bytes;
    else if (name.startsWith('output')) sum.outputBytes += bytes;
    else sum.otherBytes += bytes;
  });
  return sum;
};

/** Keys as llama.cpp's `llama-arch.cpp` names them, below the architecture's own prefix. */
export const ggufFacts = (skim: Skim): GgufFacts => {
  const architecture = textAt(skim, 'general.architecture') ?? '';
  const own = (key: string) => numberAt(skim, `${architecture}.${key}`);
  const list = (key: string) => numbersAt(skim, `${architecture}.${key}`);
  const layers = own('block_count');
  const embeddingLength = own('embedding_length');
  const heads = perLayer(list('attention.head_count'), layers);
  const most = heads === null ? 0 : Math.max(...heads);
  const headSize = embeddingLength !== null && most > 0 ? embeddingLength / most : null;
  const inner = own('ssm.inner_size');
  return {
    ...weights(skim.tensors),
    layers,
    contextLength: own('context_length'),
    embeddingLength,
    vocabularySize: skim.arrayLengths.get('tokenizer.ggml.tokens') ?? own('vocab_size'),
    heads,
    kvHeads: perLayer(list('attention.head_count_kv'), layers) ?? heads,
    keyLength: own('attention.key_length') ?? headSize,
    valueLength: own('attention.value_length') ?? headSize,
    feedForwardLength: perLayer(list('feed_forward_length'), layers),
    ropeDimensions: own('rope.dimension_count'),
    ropeFrequencyBase: own('rope.freq_base'),
    ropeScaling: textAt(skim, `${architecture}.rope.scaling.type`),
    ropeScalingFactor: own('rope.scaling.factor'),
    slidingWindow: own('attention.sliding_window'),
    windowedLayers: windowedLayers(skim.values.get(`${architecture}.attention.sliding_window_pattern`), layers),
    latentLength: own('attention.kv_lora_rank'),
    recurrent:
      inner === null ? null : { convolution: own('ssm.conv_kernel') ?? 0, inner, state: own('ssm.state_size') ?? 0 },
    experts: own('expert_count'),
    expertsUsed: own('expert_used_count'),
  };
};

/** Facts of a sharded model: what the first shard says, with the weights of all. */
export const joinFacts = (shards: readonly GgufFacts[]): GgufFacts | null => {
  const [first, ...others] = shards;
  if (first === undefined) return null;
  const joined: GgufFacts = { ...first, layerBytes: [...first.layerBytes] };
  for (const other of others) {
    joined.parameters += other.parameters;
    joined.tensorBytes += other.tensorBytes;
    joined.expertBytes += other.expertBytes;
    joined.inputBytes += other.inputBytes;
    joined.outputBytes += other.outputBytes;
    joined.otherBytes += other.otherBytes;
    other.layerBytes.forEach((bytes, layer) => {
      joined.layerBytes[layer] = (joined.layerBytes[layer] ?? 0) + bytes;
    });
  }
  // A layer whose index no shard named would be a hole, which JSON turns into null.
  joined.layerBytes = Array.from(joined.layerBytes, (bytes: number | undefined) => bytes ?? 0);
  return joined;
};
