import type { FileHandle } from 'node:fs/promises';
import { CodedError } from '../../contracts/errors.ts';
import { encodeHeader } from './encode.ts';
import type { GgufValue } from './encode.ts';
import { toFloat16Bits } from './float16.ts';
import { replaceFile } from './replace-file.ts';

export const GGUF_ALIGNMENT = 32;
const CHUNK_BYTES = 1 << 20;

/** What a tensor holds: nothing but zeros (not even written, the file is sparse there), one number, or rows in order. */
export type TensorContent = 'zeros' | { fill: number } | { rows: (row: number) => Float32Array };

export interface GgufTensor {
  name: string;
  /** Fastest-moving dimension (the row length) first. */
  shape: readonly number[];
  type: 'f32' | 'f16';
  content: TensorContent;
}

export interface GgufDocument {
  metadata: Readonly<Record<string, GgufValue>>;
  tensors: readonly GgufTensor[];
}

const ELEMENT = { f32: { id: 0, size: 4 }, f16: { id: 1, size: 2 } } as const;
const align = (bytes: number): number => Math.ceil(bytes / GGUF_ALIGNMENT) * GGUF_ALIGNMENT;

/** Bytes of a tensor's data without padding. */
export const tensorBytes = (tensor: Pick<GgufTensor, 'shape' | 'type'>): number =>
  tensor.shape.reduce((product, size) => product * size, ELEMENT[tensor.type].size);

const checkTensors = (tensors: readonly GgufTensor[]): void => {
  const names = new Set<string>();
  for (const { name, shape } of tensors) {
    if (names.has(name))
      throw new CodedError('INVALID_PAYLOAD', `Two tensors are named "${name}"; give each its own name.`);
    names.add(name);
    if (shape.length < 1 || shape.length > 4 || shape.some((size) => !Number.isSafeInteger(size) || size < 1)) {
      throw new CodedError(
        'INVALID_PAYLOAD',
        `Tensor "${name}" needs one to four sizes that are whole numbers above zero.`,
      );
    }
  }
};

const encodeRow = (values: Float32Array, type: GgufTensor['type'], target: Buffer, at: number): void => {
  for (let i = 0; i < values.length; i += 1) {
    if (type === 'f32') target.writeFloatLE(values[i] ?? 0, at + i * 4);
    else target.writeUInt16LE(toFloat16Bits(values[i] ?? 0), at + i * 2);
  }
};

/** Rows are gathered into chunks of about 1 MiB: memory stays flat whatever the tensor's size, and writes are few. */
const writeRows = async (
  handle: FileHandle,
  tensor: GgufTensor,
  row: (index: number) => Float32Array,
  at: number,
): Promise<void> => {
  const columns = tensor.shape[0] ?? 1;
  const rowBytes = columns * ELEMENT[tensor.type].size;
  const rows = tensorBytes(tensor) / rowBytes;
  const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
  const chunk = Buffer.alloc(Math.min(rows, perChunk) * rowBytes);
  for (let first = 0; first < rows; first += perChunk) {
    const count = Math.min(perChunk, rows - first);
    for (let i = 0; i < count; i += 1) {
      const values = row(first + i);
      if (values.length !== columns) {
        throw new CodedError(
          'INVALID_PAYLOAD',
          `Tensor "${tensor.name}" has rows of ${columns} values, got ${values.length}.`,
        );
      }
      encodeRow(values, tensor.type, chunk, i * rowBytes);
    }
    await handle.write(chunk, 0, count * rowBytes, at + first * rowBytes);
  }
};

const writeContent = async (handle: FileHandle, tensor: GgufTensor, at: number): Promise<void> => {
  if (tensor.content === 'zeros') return;
  if ('rows' in tensor.content) return writeRows(handle, tensor, tensor.content.rows, at);
  const row = new Float32Array(tensor.shape[0] ?? 1).fill(tensor.content.fill);
  return writeRows(handle, tensor, () => row, at);
};

/**
 * Writes a GGUF v3 file, little endian, tensors aligned to 32 bytes and in the given order without gaps (llama.cpp refuses
 * gaps). The file appears under its name only when it is complete and on disk. Returns its size in bytes.
 * Throws INVALID_PAYLOAD for values or tensors the format cannot hold, and the file system's own errors.
 */
export const writeGguf = async (path: string, { metadata, tensors }: GgufDocument): Promise<number> => {
  checkTensors(tensors);
  let length = 0;
  const placed = tensors.map((tensor) => {
    const offset = length;
    length += align(tensorBytes(tensor));
    return { tensor, offset };
  });
  const infos = placed.map(({ tensor, offset }) => ({
    name: tensor.name,
    shape: tensor.shape,
    type: ELEMENT[tensor.type].id,
    offset,
  }));
  const header = encodeHeader(metadata, infos);
  const dataStart = align(header.length);
  await replaceFile(path, async (handle) => {
    await handle.truncate(dataStart + length);
    await handle.write(header, 0, header.length, 0);
    for (const { tensor, offset } of placed) await writeContent(handle, tensor, dataStart + offset);
  });
  return dataStart + length;
};
