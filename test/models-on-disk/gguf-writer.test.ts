import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gguf } from '@huggingface/gguf';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEMO_SENTENCE, writeDemoModel } from '../../src/io/gguf/demo-model.ts';
import { demoVocabulary } from '../../src/io/gguf/demo-vocabulary.ts';
import type { GgufValue } from '../../src/io/gguf/encode.ts';
import { toFloat16Bits } from '../../src/io/gguf/float16.ts';
import { replaceFile } from '../../src/io/gguf/replace-file.ts';
import { writeGguf } from '../../src/io/gguf/write-gguf.ts';
import { tinyModel } from '../support/gguf.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-gguf-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The library is the independent judge: it shares no code with the writer. */
const parsed = (path: string) =>
  gguf(path, { allowLocalFile: true, typedMetadata: true, computeParametersCount: true });

const scalar: fc.Arbitrary<GgufValue> = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((value) => ({ kind: 'u8', value }) as const),
  fc.integer({ min: -128, max: 127 }).map((value) => ({ kind: 'i8', value }) as const),
  fc.integer({ min: 0, max: 65_535 }).map((value) => ({ kind: 'u16', value }) as const),
  fc.integer({ min: -32_768, max: 32_767 }).map((value) => ({ kind: 'i16', value }) as const),
  fc.integer({ min: 0, max: 4_294_967_295 }).map((value) => ({ kind: 'u32', value }) as const),
  fc.integer().map((value) => ({ kind: 'i32', value }) as const),
  fc.float({ noNaN: true }).map((value) => ({ kind: 'f32', value }) as const),
  fc.double({ noNaN: true }).map((value) => ({ kind: 'f64', value }) as const),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => ({ kind: 'u64', value }) as const),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ kind: 'i64', value }) as const),
  fc.boolean().map((value) => ({ kind: 'bool', value }) as const),
  // The library decodes with TextDecoder, which drops a leading byte order mark.
  fc
    .string({ unit: 'grapheme', maxLength: 40 })
    .filter((value) => !value.startsWith('\ufeff'))
    .map((value) => ({ kind: 'string', value }) as const),
);
const array: fc.Arbitrary<GgufValue> = fc.oneof(
  fc.array(fc.integer()).map((value) => ({ kind: 'array', of: 'i32', value }) as const),
  fc.array(fc.float({ noNaN: true })).map((value) => ({ kind: 'array', of: 'f32', value }) as const),
  fc.array(fc.boolean()).map((value) => ({ kind: 'array', of: 'bool', value }) as const),
  fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map((value) => ({ kind: 'array', of: 'u64', value }) as const),
  fc.array(fc.string({ maxLength: 10 })).map((value) => ({ kind: 'array', of: 'string', value }) as const),
);

describe('writeGguf', () => {
  test('every kind of metadata comes back unchanged', async () => {
    const path = join(folder, 'round-trip.gguf');
    const key = fc.stringMatching(/^x\.[a-z_.]{1,24}$/);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, fc.oneof(scalar, array), { noNullPrototype: true }), async (metadata) => {
        await writeGguf(path, { metadata, tensors: [] });
        const { metadata: read } = await parsed(path);
        for (const [name, { value }] of Object.entries(metadata)) {
          expect((read as unknown as Record<string, unknown>)[name], name).toEqual(value);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('tensors lie at aligned offsets without gaps, with their values', async () => {
    const path = join(folder, 'tensors.gguf');
    const size = await writeGguf(path, {
      metadata: { 'general.architecture': { kind: 'string', value: 'llama' } },
      tensors: [
        { name: 'a', shape: [3, 2], type: 'f32', content: { rows: (row) => Float32Array.of(row, row + 0.5, -1) } },
        { name: 'b', shape: [5], type: 'f16', content: { fill: 1.5 } },
        { name: 'c', shape: [9], type: 'f32', content: 'zeros' },
      ],
    });
    const { tensorInfos, tensorDataOffset, parameterCount } = await parsed(path);
    expect(tensorInfos.map(({ name, offset }) => [name, Number(offset)])).toEqual([
      ['a', 0],
      ['b', 32],
      ['c', 64],
    ]);
    expect(parameterCount).toBe(20);
    expect(Number(tensorDataOffset) % 32).toBe(0);
    const bytes = await readFile(path);
    expect(bytes.length).toBe(size);
    const start = Number(tensorDataOffset);
    expect(Array.from({ length: 6 }, (_, i) => bytes.readFloatLE(start + i * 4))).toEqual([0, 0.5, -1, 1, 1.5, -1]);
    expect(Array.from({ length: 5 }, (_, i) => bytes.readUInt16LE(start + 32 + i * 2))).toEqual(Array(5).fill(0x3e00));
  });

  test('a tensor larger than one chunk is written whole', async () => {
    const path = join(folder, 'chunks.gguf');
    const rows = 5000;
    const columns = 97;
    await writeGguf(path, {
      metadata: {},
      tensors: [
        {
          name: 'a',
          shape: [columns, rows],
          type: 'f32',
          content: { rows: (row) => new Float32Array(columns).fill(row) },
        },
      ],
    });
    const { tensorDataOffset } = await parsed(path);
    const bytes = await readFile(path);
    const firstOf = (row: number) => bytes.readFloatLE(Number(tensorDataOffset) + row * columns * 4);
    expect([0, 1, 2702, 2703, 4999].map(firstOf)).toEqual([0, 1, 2702, 2703, 4999]);
  });

  test.each([
    ['a number outside its kind', { x: { kind: 'u8', value: 256 } as const }, []],
    ['a fraction as an integer', { x: { kind: 'i32', value: 0.5 } as const }, []],
    ['a u64 below zero', { x: { kind: 'u64', value: -1n } as const }, []],
    ['a size of zero', {}, [{ name: 'a', shape: [0], type: 'f32', content: 'zeros' } as const]],
    [
      'two tensors of one name',
      {},
      [0, 1].map(() => ({ name: 'a', shape: [1], type: 'f32', content: 'zeros' }) as const),
    ],
    [
      'rows of a wrong length',
      {},
      [{ name: 'a', shape: [4], type: 'f32', content: { rows: () => new Float32Array(3) } } as const],
    ],
  ])('%s is refused and leaves no file', async (label, metadata, tensors) => {
    const path = join(folder, 'refused', `${label}.gguf`);
    await expect(writeGguf(path, { metadata, tensors })).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    expect(await readdir(join(folder, 'refused')).catch(() => [])).toEqual([]);
  });
});

describe('toFloat16Bits', () => {
  test.each([
    [0, 0],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65_504, 0x7bff],
    [65_520, 0x7c00],
    [1e9, 0x7c00],
    [Infinity, 0x7c00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [1.5 * 2 ** -25, 0x0001],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2047.5 * 2 ** -25, 0x0400],
  ])('%d is %d', (value, bits) => {
    expect(toFloat16Bits(value)).toBe(bits);
  });

  test('NaN stays NaN', () => {
    expect(toFloat16Bits(NaN) & 0x7fff).toBeGreaterThan(0x7c00);
  });
});

describe('replaceFile', () => {
  test('a writer that fails leaves the old content and nothing else', async () => {
    const own = join(folder, 'replace');
    const path = join(own, 'a.txt');
    await replaceFile(path, (handle) => handle.writeFile('old'));
    const failing = replaceFile(path, async (handle) => {
      await handle.writeFile('half');
      throw new Error('disk full');
    });
    await expect(failing).rejects.toThrow('disk full');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(own)).toEqual(['a.txt']);
  });

  test('a folder in the way is an error, not a loss', async () => {
    const path = join(folder, 'in-the-way');
    await rm(path, { recursive: true, force: true });
    await replaceFile(join(path, 'child'), (handle) => handle.writeFile('x'));
    await expect(replaceFile(path, (handle) => handle.writeFile('y'))).rejects.toThrow();
    expect(await readFile(join(path, 'child'), 'utf8')).toBe('x');
  });
});

describe('the demo vocabulary', () => {
  const spoken = ({ tokens, chains }: ReturnType<typeof demoVocabulary>) =>
    chains.map((chain) =>
      chain
        .map((token) => tokens[token])
        .join('')
        .replaceAll('\u2581', ' '),
    );

  test.each([
    'one',
    'the cat saw the dog and the dog saw the cat',
    'ha ha ha ha',
    'ha ha',
    'a b a b a b',
    'two\nlines  and   spaces',
    'Grüße 你好 🦙 🦙',
  ])('%s is spoken exactly, without a repeated token', (sentence) => {
    const vocabulary = demoVocabulary([sentence, `${sentence} again`]);
    expect(spoken(vocabulary)).toEqual([sentence, `${sentence} again`]);
    expect(new Set(vocabulary.tokens).size).toBe(vocabulary.tokens.length);
  });

  test('any text of words is spoken exactly', () => {
    const word = fc.constantFrom('a', 'b', 'la', '<unk>', '<0x41>', '</s>', 'ü', '\n', '.');
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (words) => {
        const sentence = words.join(' ').trim();
        fc.pre(sentence !== '' && !sentence.split(/\s/).every((part) => /^<.*>$/.test(part)));
        const vocabulary = demoVocabulary([sentence]);
        expect(spoken(vocabulary)).toEqual([sentence]);
        expect(new Set(vocabulary.chains[0]).size).toBe(vocabulary.chains[0]?.length);
      }),
    );
  });

  test.each(['', '  \n ', '</s>', 'under\u2581score', 'x'.repeat(4001)])('refuses %j', (sentence) => {
    expect(() => demoVocabulary([sentence])).toThrow(expect.objectContaining({ code: 'INVALID_PAYLOAD' }));
  });
});

describe('writeDemoModel', () => {
  test('carries sensible metadata', async () => {
    const file = await writeDemoModel(join(folder, 'demo.gguf'));
    const { metadata } = await parsed(file.path);
    expect(metadata).toMatchObject({
      'general.architecture': 'llama',
      'general.name': 'Llamactor demo',
      'llama.context_length': 4096,
      'llama.block_count': 1,
    });
    expect(file.sentence).toBe(DEMO_SENTENCE);
    expect((await stat(file.path)).size).toBe(file.size);
  });

  test.each([8_000_000, 50_000_000, 200_000_000])(
    'padToBytes %d is reached and hardly passed, without using that disk space',
    async (bytes) => {
      const file = await writeDemoModel(join(folder, 'padded.gguf'), { padToBytes: bytes });
      const info = await stat(file.path);
      expect(info.size).toBe(file.size);
      expect(info.size).toBeGreaterThanOrEqual(bytes);
      expect(info.size).toBeLessThan(bytes * 1.05);
      expect(info.blocks * 512).toBeLessThan(6_000_000);
      const { tensorInfos } = await parsed(file.path);
      const width = Number(tensorInfos.find(({ name }) => name === 'blk.0.ffn_up.weight')?.shape[1]);
      expect(width).toBeLessThanOrEqual(8192);
    },
  );

  test('extraBlocks adds blocks', async () => {
    const { metadata } = await parsed(await tinyModel(folder, 'blocks.gguf', { extraBlocks: 3 }));
    expect(metadata).toMatchObject({ 'llama.block_count': 4 });
  });

  test.each([
    { contextLength: 10 },
    { contextLength: 4096.5 },
    { padToBytes: -1 },
    { extraBlocks: NaN },
    { sentence: ' ' },
  ])('refuses %j', async (options) => {
    await expect(writeDemoModel(join(folder, 'no.gguf'), options)).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
  });

  test('replaces an existing file', async () => {
    const path = join(folder, 'existing.gguf');
    await writeFile(path, 'something else');
    await writeDemoModel(path, { name: 'New' });
    expect((await parsed(path)).metadata).toMatchObject({ 'general.name': 'New' });
  });
});
