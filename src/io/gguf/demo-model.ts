import { CodedError } from '../../contracts/errors.ts';
import { BEGIN, END, UNKNOWN, byteToken, demoVocabulary } from './demo-vocabulary.ts';
import { PLAIN_TEMPLATE, TOOL_ANSWER_BYTE, TOOL_TEMPLATE, toolCallText } from './demo-template.ts';
import type { GgufValue } from './encode.ts';
import { tensorBytes, writeGguf } from './write-gguf.ts';
import type { GgufTensor } from './write-gguf.ts';

export const DEMO_SENTENCE =
  'Hello! I am the demo model that Llamactor wrote for you: whatever is asked, these words come back, ' +
  'which shows everything works. Add a GGUF file of your own to get real answers.';

export interface DemoModelOptions {
  /** What it says to every prompt. */
  sentence?: string;
  /** `general.name`; default "Llamactor demo". */
  name?: string;
  /** Trained context in tokens, 2 048 to 1 048 576; default 4 096. */
  contextLength?: number;
  /** Least size of the file. It is reached with blocks of zero weights, so the engine really loads that much. */
  padToBytes?: number;
  /** Further blocks of zero weights; default 0. */
  extraBlocks?: number;
  /** When a request offers tools, it calls this one first; to the tool's result it answers with the sentence. */
  toolCall?: { name: string; arguments: Readonly<Record<string, unknown>> };
}

export interface DemoModelFile {
  path: string;
  /** Bytes. */
  size: number;
  sentence: string;
}

const HEAD_SIZE = 64;
const SMALL_FEED_FORWARD = 64;
/** The engine's compute buffer grows with this times the batch, so big files get more blocks instead of wider ones. */
const WIDE_FEED_FORWARD = 8192;
const LOGIT = 4;

const u32 = (value: number): GgufValue => ({ kind: 'u32', value });
const text = (value: string): GgufValue => ({ kind: 'string', value });

const wholeNumber = (name: string, value: number, least: number, most: number): number => {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new CodedError(
    'INVALID_PAYLOAD',
    `${name} of a demo model must be a whole number from ${least} to ${most}, got ${value}.`,
  );
};

const block = (index: number, width: number, feedForward: number): GgufTensor[] => {
  const zeros = (name: string, ...shape: number[]): GgufTensor => ({
    name: `blk.${index}.${name}.weight`,
    shape,
    type: 'f32',
    content: 'zeros',
  });
  const ones = (name: string): GgufTensor => ({
    name: `blk.${index}.${name}.weight`,
    shape: [width],
    type: 'f32',
    content: { fill: 1 },
  });
  return [
    ones('attn_norm'),
    zeros('attn_q', width, width),
    zeros('attn_k', width, HEAD_SIZE),
    zeros('attn_v', width, HEAD_SIZE),
    zeros('attn_output', width, width),
    ones('ffn_norm'),
    zeros('ffn_gate', width, feedForward),
    zeros('ffn_up', width, feedForward),
    zeros('ffn_down', feedForward, width),
  ];
};

const bytesOf = (tensors: readonly GgufTensor[]): number =>
  tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);

/** Number of blocks and their feed-forward width such that the tensors hold at least `target` bytes. */
const shapeFor = (
  target: number,
  least: number,
  width: number,
  fixed: number,
): { blocks: number; feedForward: number } => {
  const bare = bytesOf(block(0, width, 0));
  const perColumn = 3 * width * 4;
  const missing = Math.max(0, target - fixed);
  const widest = bare + WIDE_FEED_FORWARD * perColumn;
  const blocks = Math.max(least, Math.ceil(missing / widest));
  const columns = Math.ceil((missing / blocks - bare) / perColumn / 32) * 32;
  return { blocks, feedForward: Math.max(SMALL_FEED_FORWARD, columns) };
};

/** Rows of the output matrix: row `token` is not zero only in the columns of the tokens that `token` follows. */
const outputRows = (width: number, follows: ReadonlyMap<number, number>): ((row: number) => Float32Array) => {
  const before = new Map<number, number[]>();
  for (const [token, next] of follows) before.set(next, [...(before.get(next) ?? []), token]);
  return (row) => {
    const values = new Float32Array(width);
    for (const token of before.get(row) ?? []) values[token] = LOGIT;
    return values;
  };
};

/** The chain of tokens: which token follows each one. */
const successors = (chains: readonly (readonly number[])[]): Map<number, number> => {
  const [sentence = [], toolCall] = chains;
  const first = sentence[0] ?? END;
  const follows = new Map<number, number>([
    [UNKNOWN, first],
    [BEGIN, first],
    [END, END],
  ]);
  for (let byte = 0; byte < 256; byte += 1) follows.set(byteToken(byte), first);
  for (const chain of chains) chain.forEach((token, i) => follows.set(token, chain[i + 1] ?? END));
  if (toolCall?.[0] !== undefined) follows.set(byteToken(TOOL_ANSWER_BYTE), toolCall[0]);
  return follows;
};

/**
 * Writes a small `llama` model whose answer is known: token embeddings are one-hot rows, all blocks are zero, and the output
 * matrix maps each token to the one that follows it, so the model says its sentence word by word and ends, at any
 * temperature up to about 2, whatever the prompt. For trying things out and for tests, without a download.
 * Throws INVALID_PAYLOAD for options outside their ranges and the file system's own errors; the file appears when complete.
 */
export const writeDemoModel = async (path: string, options: DemoModelOptions = {}): Promise<DemoModelFile> => {
  const sentence = (options.sentence ?? DEMO_SENTENCE).trim();
  const contextLength = wholeNumber('contextLength', options.contextLength ?? 4096, 2048, 1_048_576);
  const extraBlocks = wholeNumber('extraBlocks', options.extraBlocks ?? 0, 0, 512);
  const padToBytes = wholeNumber('padToBytes', options.padToBytes ?? 0, 0, 64 * 1024 ** 3);
  const { tokens, types, chains } = demoVocabulary(
    options.toolCall ? [sentence, toolCallText(options.toolCall)] : [sentence],
  );
  const width = Math.ceil(tokens.length / 64) * 64;

  const fixed: GgufTensor[] = [
    {
      name: 'token_embd.weight',
      shape: [width, tokens.length],
      type: 'f32',
      content: { rows: (row) => new Float32Array(width).fill(1, row, row + 1) },
    },
    { name: 'output_norm.weight', shape: [width], type: 'f32', content: { fill: 1 } },
    {
      name: 'output.weight',
      shape: [width, tokens.length],
      type: 'f32',
      content: { rows: outputRows(width, successors(chains)) },
    },
  ];
  const { blocks, feedForward } = shapeFor(padToBytes, 1 + extraBlocks, width, bytesOf(fixed));
  const tensors = [...fixed, ...Array.from({ length: blocks }, (_, index) => block(index, width, feedForward)).flat()];

  const metadata: Record<string, GgufValue> = {
    'general.architecture': text('llama'),
    'general.type': text('model'),
    'general.name': text(options.name ?? 'Llamactor demo'),
    'general.description': text('Says one fixed sentence. Written by Llamactor for trying things out.'),
    'general.license': text('mit'),
    'general.file_type': u32(0),
    'general.quantization_version': u32(2),
    'general.alignment': u32(32),
    'llama.vocab_size': u32(tokens.length),
    'llama.context_length': u32(contextLength),
    'llama.embedding_length': u32(width),
    'llama.block_count': u32(blocks),
    'llama.feed_forward_length': u32(feedForward),
    'llama.rope.dimension_count': u32(HEAD_SIZE),
    'llama.attention.head_count': u32(width / HEAD_SIZE),
    'llama.attention.head_count_kv': u32(1),
    'llama.attention.layer_norm_rms_epsilon': { kind: 'f32', value: 1e-5 },
    'tokenizer.ggml.model': text('llama'),
    'tokenizer.ggml.tokens': { kind: 'array', of: 'string', value: tokens },
    'tokenizer.ggml.scores': { kind: 'array', of: 'f32', value: tokens.map(() => 0) },
    'tokenizer.ggml.token_type': { kind: 'array', of: 'i32', value: types },
    'tokenizer.ggml.unknown_token_id': u32(UNKNOWN),
    'tokenizer.ggml.bos_token_id': u32(BEGIN),
    'tokenizer.ggml.eos_token_id': u32(END),
    'tokenizer.ggml.add_bos_token': { kind: 'bool', value: false },
    'tokenizer.ggml.add_eos_token': { kind: 'bool', value: false },
    'tokenizer.ggml.add_space_prefix': { kind: 'bool', value: false },
    'tokenizer.chat_template': text(options.toolCall ? TOOL_TEMPLATE : PLAIN_TEMPLATE),
  };
  return { path, size: await writeGguf(path, { metadata, tensors }), sentence };
};
