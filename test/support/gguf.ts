/**
 * GGUF files for tests: whole ones that the real engine loads, header-only ones for scans, and broken ones of each kind.
 * Every function returns the path of the file it wrote.
 */
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GgufValue } from '../../src/io/gguf/encode.ts';
import { writeDemoModel } from '../../src/io/gguf/demo-model.ts';
import type { DemoModelOptions } from '../../src/io/gguf/demo-model.ts';
import { writeGguf } from '../../src/io/gguf/write-gguf.ts';

export const text = (value: string): GgufValue => ({ kind: 'string', value });
export const u32 = (value: number): GgufValue => ({ kind: 'u32', value });

/** A model that the engine loads and that says `options.sentence`; about 2.6 MB. */
export const tinyModel = async (folder: string, file = 'tiny.gguf', options: DemoModelOptions = {}): Promise<string> =>
  (await writeDemoModel(join(folder, file), options)).path;

/** A file of well under 1 KiB with a valid header and one tensor; enough for scans, not for the engine. */
export const headerModel = async (
  folder: string,
  file: string,
  metadata: Record<string, GgufValue> = {},
): Promise<string> => {
  const path = join(folder, file);
  await writeGguf(path, {
    metadata: {
      'general.architecture': text('llama'),
      'llama.context_length': u32(4096),
      'llama.block_count': u32(1),
      ...metadata,
    },
    tensors: [{ name: 'token_embd.weight', shape: [32, 2], type: 'f32', content: { fill: file.length } }],
  });
  return path;
};

/** Not a GGUF file: the first four bytes are wrong. */
export const badMagicModel = async (folder: string, file = 'bad-magic.gguf'): Promise<string> => {
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, Buffer.concat([Buffer.from('NOPE'), Buffer.alloc(4096, 7)]));
  return path;
};

/** A good header whose tensors are cut off, as a download that stopped leaves it. */
export const truncatedModel = async (folder: string, file = 'truncated.gguf'): Promise<string> => {
  const path = await tinyModel(folder, file);
  await truncate(path, 256 * 1024);
  return path;
};

/** Cut in the middle of the metadata. */
export const truncatedHeaderModel = async (folder: string, file = 'truncated-header.gguf'): Promise<string> => {
  const path = await tinyModel(folder, file);
  await truncate(path, 700);
  return path;
};

export const emptyModel = async (folder: string, file = 'empty.gguf'): Promise<string> => {
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '');
  return path;
};

/** A good file that claims a GGUF version nobody has defined. */
export const futureVersionModel = async (folder: string, file = 'future.gguf'): Promise<string> => {
  const path = await headerModel(folder, file);
  const bytes = await readFile(path);
  bytes.writeUInt32LE(99, 4);
  await writeFile(path, bytes);
  return path;
};

/** Whole and readable, but no engine knows its architecture. */
export const unknownArchitectureModel = async (folder: string, file = 'unknown-architecture.gguf'): Promise<string> =>
  headerModel(folder, file, { 'general.architecture': text('llamactor-imaginary') });

/** Shards `<base>-0000N-of-0000M.gguf` of one model; `missing` (1-based) are left out. Returns the paths that exist. */
export const shardedModel = async (
  folder: string,
  base: string,
  count: number,
  missing: number[] = [],
): Promise<string[]> => {
  const digits = (n: number) => String(n).padStart(5, '0');
  const paths: string[] = [];
  for (let shard = 1; shard <= count; shard += 1) {
    if (missing.includes(shard)) continue;
    const own: Record<string, GgufValue> = {
      'split.no': { kind: 'u16', value: shard - 1 },
      'split.count': { kind: 'u16', value: count },
      'split.tensors.count': { kind: 'i32', value: count },
    };
    paths.push(await headerModel(folder, `${base}-${digits(shard)}-of-${digits(count)}.gguf`, own));
  }
  return paths;
};

/** A projector that adds images (and sound) to a text model. */
export const mmprojModel = async (
  folder: string,
  file = 'mmproj-tiny.gguf',
  { vision = true, audio = false }: { vision?: boolean; audio?: boolean } = {},
): Promise<string> =>
  headerModel(folder, file, {
    'general.architecture': text('clip'),
    'general.type': text('mmproj'),
    'clip.has_vision_encoder': { kind: 'bool', value: vision },
    'clip.has_audio_encoder': { kind: 'bool', value: audio },
  });
