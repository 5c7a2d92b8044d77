/** Model files for the benches. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { headerModel, tinyModel } from '../support/gguf.ts';

const VOCABULARY = 32_000;
const AT_ONCE = 16;

/**
 * `count` files, each with the header of a Llama 2 sized vocabulary (32 000 tokens with scores and types, about 0.7 MB), because
 * walking that header is what a scan spends its time on.
 */
export const manyModels = async (folder: string, count: number): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const indexes = Array.from({ length: VOCABULARY }, (_, index) => index);
  const nameOf = (index: number): string => `model-${String(index).padStart(4, '0')}.gguf`;
  const first = await headerModel(folder, nameOf(0), {
    'tokenizer.ggml.tokens': { kind: 'array', of: 'string', value: indexes.map((index) => `token-${index}`) },
    'tokenizer.ggml.scores': { kind: 'array', of: 'f32', value: indexes },
    'tokenizer.ggml.token_type': { kind: 'array', of: 'i32', value: indexes.map(() => 1) },
  });
  for (let from = 1; from < count; from += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, offset) => nameOf(from + offset));
    await Promise.all(batch.map((name) => copyFile(first, join(folder, name))));
  }
};

/** `count` copies of a header of under 1 KiB: names for a list. */
export const smallModels = async (folder: string, count: number): Promise<void> => {
  const first = await headerModel(folder, 'm000.gguf');
  for (let index = 1; index < count; index += 1)
    await copyFile(first, join(folder, `m${String(index).padStart(3, '0')}.gguf`));
};

/** The model that `llamactor demo` writes, as `demo.gguf`. */
export const demoModel = (folder: string): Promise<string> => tinyModel(folder, 'demo.gguf');
