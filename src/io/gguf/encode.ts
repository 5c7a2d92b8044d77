/**
 * Bytes of the GGUF v3 header, little endian. Format: ggml's `docs/gguf.md`: magic, version, tensor count, key/value
 * count, key/values, tensor infos; strings are a u64 length and UTF-8 without terminator.
 */
import { CodedError } from '../../contracts/errors.ts';

const SCALAR_TYPES = {
  u8: { id: 0, size: 1, min: 0, max: 0xff },
  i8: { id: 1, size: 1, min: -0x80, max: 0x7f },
  u16: { id: 2, size: 2, min: 0, max: 0xffff },
  i16: { id: 3, size: 2, min: -0x8000, max: 0x7fff },
  u32: { id: 4, size: 4, min: 0, max: 0xffffffff },
  i32: { id: 5, size: 4, min: -0x80000000, max: 0x7fffffff },
} as const;

type SmallInteger = keyof typeof SCALAR_TYPES;

/** One metadata value. 64-bit integers are bigints, so that none is rounded. */
export type GgufScalar =
  | { kind: SmallInteger | 'f32' | 'f64'; value: number }
  | { kind: 'u64' | 'i64'; value: bigint }
  | { kind: 'bool'; value: boolean }
  | { kind: 'string'; value: string };

export type GgufArray =
  | { kind: 'array'; of: SmallInteger | 'f32' | 'f64'; value: readonly number[] }
  | { kind: 'array'; of: 'u64' | 'i64'; value: readonly bigint[] }
  | { kind: 'array'; of: 'bool'; value: readonly boolean[] }
  | { kind: 'array'; of: 'string'; value: readonly string[] };

export type GgufValue = GgufScalar | GgufArray;

const TYPE_IDS: Readonly<Record<GgufScalar['kind'] | 'array', number>> = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
};

const U64_MAX = 0xffff_ffff_ffff_ffffn;
const I64_MIN = -0x8000_0000_0000_0000n;
const I64_MAX = 0x7fff_ffff_ffff_ffffn;

const refuse = (reason: string): never => {
  throw new CodedError('INVALID_PAYLOAD', `Cannot write this GGUF metadata: ${reason}.`);
};

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};

const string = (value: string): Buffer[] => {
  const text = Buffer.from(value, 'utf8');
  return [u64(BigInt(text.length)), text];
};

const smallInteger = (kind: SmallInteger, value: number): Buffer => {
  const { size, min, max } = SCALAR_TYPES[kind];
  if (!Number.isInteger(value) || value < min || value > max) refuse(`${value} is not a ${kind}`);
  const bytes = Buffer.alloc(size);
  if (min < 0) bytes.writeIntLE(value, 0, size);
  else bytes.writeUIntLE(value, 0, size);
  return bytes;
};

const scalar = (entry: GgufScalar): Buffer[] => {
  switch (entry.kind) {
    case 'string':
      return string(entry.value);
    case 'bool':
      return [Buffer.from([entry.value ? 1 : 0])];
    case 'u64':
      if (entry.value < 0n || entry.value > U64_MAX) refuse(`${entry.value} is not a u64`);
      return [u64(entry.value)];
    case 'i64': {
      if (entry.value < I64_MIN || entry.value > I64_MAX) refuse(`${entry.value} is not an i64`);
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(entry.value);
      return [bytes];
    }
    case 'f32': {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(entry.value);
      return [bytes];
    }
    case 'f64': {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(entry.value);
      return [bytes];
    }
    default:
      return [smallInteger(entry.kind, entry.value)];
  }
};

/** Appends to a list instead of spreading: a real vocabulary has more elements than a call may have arguments. */
const append = (parts: Buffer[], entry: GgufValue): void => {
  if (entry.kind !== 'array') {
    for (const part of scalar(entry)) parts.push(part);
    return;
  }
  parts.push(u32(TYPE_IDS[entry.of]), u64(BigInt(entry.value.length)));
  for (const element of entry.value) {
    // GgufArray guarantees that `of` and the elements belong together; TypeScript loses the pairing in the loop.
    for (const part of scalar({ kind: entry.of, value: element } as GgufScalar)) parts.push(part);
  }
};

export interface EncodedTensorInfo {
  name: string;
  /** Fastest-moving dimension first, as GGUF stores it. */
  shape: readonly number[];
  /** ggml type number. */
  type: number;
  /** Bytes from the start of the data section. */
  offset: number;
}

/** The whole header without the padding that follows it. Throws INVALID_PAYLOAD on a value that its kind cannot hold. */
export const encodeHeader = (
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly EncodedTensorInfo[],
): Buffer => {
  const entries = Object.entries(metadata);
  const parts: Buffer[] = [
    Buffer.from('GGUF', 'latin1'),
    u32(3),
    u64(BigInt(tensors.length)),
    u64(BigInt(entries.length)),
  ];
  for (const [key, entry] of entries) {
    parts.push(...string(key), u32(TYPE_IDS[entry.kind]));
    append(parts, entry);
  }
  for (const tensor of tensors) {
    parts.push(...string(tensor.name), u32(tensor.shape.length), ...tensor.shape.map((size) => u64(BigInt(size))));
    parts.push(u32(tensor.type), u64(BigInt(tensor.offset)));
  }
  return Buffer.concat(parts);
};
