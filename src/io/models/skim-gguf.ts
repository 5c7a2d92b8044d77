import { GgufProblem } from './byte-window.ts';
import type { ByteWindow } from './byte-window.ts';

export type SkimmedValue = number | string | boolean | readonly (number | string | boolean)[];

export interface SkimmedTensor {
  name: string;
  shape: number[];
  /** ggml type number. */
  type: number;
  /** Bytes from the start of the data section. */
  offset: number;
}

export interface Skim {
  version: number;
  values: Map<string, SkimmedValue>;
  /** Number of elements of every array, also of those whose elements were passed over. */
  arrayLengths: Map<string, number>;
  tensors: SkimmedTensor[];
  /** File offset where tensor data starts. */
  dataStart: number;
}

/** Bounds against a crafted or damaged header: far above any real model, far below what would exhaust memory. */
const LIMITS = {
  pairs: 100_000,
  tensors: 1_000_000,
  key: 65_535,
  elements: 16_000_000,
  kept: 4 * 1024 * 1024,
  dimensions: 4,
  depth: 4,
};
/** Per-layer lists are kept; vocabularies are not. */
const KEPT_ELEMENTS = 2048;
const FIXED_SIZE: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
const STRING = 8;
const ARRAY = 9;

const count = (value: number, limit: number, what: string): number => {
  if (value > limit) throw new GgufProblem(`The header is damaged: it claims ${value} ${what}. Fetch the file again.`);
  return value;
};

const sizeOf = (type: number): number => {
  const size = FIXED_SIZE[type];
  if (size === undefined)
    throw new GgufProblem(`The header is damaged: it holds a value of the unknown type ${type}. Fetch the file again.`);
  return size;
};

const fixed = (bytes: ByteWindow, type: number): number | boolean => {
  switch (type) {
    case 0:
      return bytes.u8();
    case 1:
      return bytes.i8();
    case 2:
      return bytes.u16();
    case 3:
      return bytes.i16();
    case 4:
      return bytes.u32();
    case 5:
      return bytes.i32();
    case 6:
      return bytes.f32();
    case 7:
      return bytes.u8() !== 0;
    case 10:
      return bytes.u64();
    case 11:
      return bytes.i64();
    default:
      return bytes.f64();
  }
};

const text = async (bytes: ByteWindow, limit: number): Promise<string> => {
  await bytes.need(8);
  const length = count(bytes.u64(), limit, 'bytes for one string');
  await bytes.need(length);
  return bytes.text(length);
};

const passStrings = async (bytes: ByteWindow, length: number): Promise<void> => {
  for (let left = length; left > 0; left -= bytes.skipStrings(left)) await bytes.need(8);
};

const array = async (bytes: ByteWindow, depth: number): Promise<{ length: number; elements: SkimmedValue | null }> => {
  if (depth > LIMITS.depth)
    throw new GgufProblem('The header is damaged: its lists are nested too deeply. Fetch the file again.');
  await bytes.need(12);
  const type = bytes.u32();
  const length = count(bytes.u64(), LIMITS.elements, 'elements of one list');
  if (type === ARRAY) {
    for (let i = 0; i < length; i += 1) await array(bytes, depth + 1);
    return { length, elements: null };
  }
  if (type === STRING) {
    if (length > KEPT_ELEMENTS) {
      await passStrings(bytes, length);
      return { length, elements: null };
    }
    const elements: string[] = [];
    for (let i = 0; i < length; i += 1) elements.push(await text(bytes, LIMITS.key));
    return { length, elements };
  }
  const size = sizeOf(type);
  if (length > KEPT_ELEMENTS) {
    bytes.skip(length * size);
    return { length, elements: null };
  }
  await bytes.need(length * size);
  return { length, elements: Array.from({ length }, () => fixed(bytes, type)) };
};

const pairs = async (bytes: ByteWindow, total: number): Promise<Pick<Skim, 'values' | 'arrayLengths'>> => {
  const values = new Map<string, SkimmedValue>();
  const arrayLengths = new Map<string, number>();
  for (let i = 0; i < total; i += 1) {
    const key = await text(bytes, LIMITS.key);
    await bytes.need(4);
    const type = bytes.u32();
    if (type === ARRAY) {
      const { length, elements } = await array(bytes, 1);
      arrayLengths.set(key, length);
      if (elements !== null) values.set(key, elements);
    } else if (type === STRING) {
      values.set(key, await text(bytes, LIMITS.kept));
    } else {
      await bytes.need(sizeOf(type));
      values.set(key, fixed(bytes, type));
    }
  }
  return { values, arrayLengths };
};

const tensorInfos = async (bytes: ByteWindow, total: number): Promise<SkimmedTensor[]> => {
  const tensors: SkimmedTensor[] = [];
  for (let i = 0; i < total; i += 1) {
    const name = await text(bytes, LIMITS.key);
    await bytes.need(4);
    const dimensions = count(bytes.u32(), LIMITS.dimensions, 'dimensions of one tensor');
    await bytes.need(dimensions * 8 + 12);
    const shape = Array.from({ length: dimensions }, () => bytes.u64());
    tensors.push({ name, shape, type: bytes.u32(), offset: bytes.u64() });
  }
  return tensors;
};

const checkVersion = (version: number): void => {
  if (version === 2 || version === 3) return;
  if (version === 0x02000000 || version === 0x03000000) {
    throw new GgufProblem(
      'The file was written for big-endian machines, which llama-server on this one cannot load. Get the little-endian file.',
    );
  }
  const advice =
    version === 1
      ? 'which llama.cpp no longer reads; convert it again'
      : 'which is not known; a newer Llamactor may read it';
  throw new GgufProblem(`The file has GGUF version ${version}, ${advice}.`);
};

/**
 * Reads a GGUF header (format: ggml's `docs/gguf.md`, versions 2 and 3, little endian), passing over vocabularies.
 *
 * Our own reader because `@huggingface/gguf` reads 2 MB steps and decodes every token: measured on Node 20, a header with a
 * vocabulary of 152 000 tokens takes it about half a second, in turns that block the event loop for 0.2 s, against a few ms here.
 * The library still names the types and shard files, serves remote files, and is the judge of this reader in the tests.
 * Throws GgufProblem with a sentence for a person, or the file system's own errors.
 */
export const skimGguf = async (bytes: ByteWindow): Promise<Skim> => {
  await bytes.need(4);
  if (bytes.text(4) !== 'GGUF')
    throw new GgufProblem('This is not a GGUF file: it does not start with "GGUF". Replace or remove it.');
  await bytes.need(4);
  const version = bytes.u32();
  checkVersion(version);
  await bytes.need(16);
  const tensorCount = count(bytes.u64(), LIMITS.tensors, 'tensors');
  const pairCount = count(bytes.u64(), LIMITS.pairs, 'metadata values');
  const read = await pairs(bytes, pairCount);
  const tensors = await tensorInfos(bytes, tensorCount);
  const alignment = read.values.get('general.alignment') ?? 32;
  if (typeof alignment !== 'number' || !Number.isInteger(Math.log2(alignment)) || alignment < 1) {
    throw new GgufProblem(
      `The header is damaged: it asks for an alignment of ${String(alignment)}. Fetch the file again.`,
    );
  }
  return { version, ...read, tensors, dataStart: Math.ceil(bytes.position / alignment) * alignment };
};
