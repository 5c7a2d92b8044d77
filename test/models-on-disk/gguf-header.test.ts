import { execFileSync } from 'node:child_process';
import { mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gguf } from '@huggingface/gguf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GgufValue } from '../../src/io/gguf/encode.ts';
import { writeGguf } from '../../src/io/gguf/write-gguf.ts';
import { sizeLabelOf } from '../../src/io/models/gguf-view.ts';
import { inspectFile, readGgufHeader } from '../../src/io/models/inspect-file.ts';
import { joinFacts } from '../../src/io/models/gguf-facts.ts';
import {
  badMagicModel,
  emptyModel,
  futureVersionModel,
  headerModel,
  mmprojModel,
  text,
  tinyModel,
  truncatedHeaderModel,
  truncatedModel,
  u32,
  unknownArchitectureModel,
} from '../support/gguf.ts';
import { temporaryFolder } from './temp-folder.ts';

const strings = (value: string[]): GgufValue => ({ kind: 'array', of: 'string', value });

describe('readGgufHeader', () => {
  test('reads the view of a whole model', async () => {
    const path = await tinyModel(await temporaryFolder(), 'tiny.gguf', { contextLength: 8192, extraBlocks: 1 });
    const { metadata, facts, problem, projector } = await readGgufHeader(path);
    expect(problem).toBeNull();
    expect(projector).toBeNull();
    expect(metadata).toMatchObject({
      name: 'Llamactor demo',
      architecture: 'llama',
      quantization: 'F32',
      contextLength: 8192,
      layers: 2,
      kvHeads: 1,
      inputModalities: ['text'],
      outputModalities: ['text'],
      hasChatTemplate: true,
      supportsTools: false,
      license: 'mit',
    });
    expect(metadata?.parameters).toBe(
      (await gguf(path, { allowLocalFile: true, computeParametersCount: true })).parameterCount,
    );
    expect(facts?.tensorBytes).toBe((metadata?.parameters ?? 0) * 4);
    expect(facts?.layerBytes).toHaveLength(2);
    expect((facts?.layerBytes[0] ?? 0) * 2 + (facts?.inputBytes ?? 0) + (facts?.outputBytes ?? 0)).toBe(
      facts?.tensorBytes,
    );
    expect(facts).toMatchObject({ keyLength: 64, valueLength: 64, kvHeads: [1, 1], ropeDimensions: 64 });
  });

  test('agrees with the library about any metadata around a large vocabulary', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'any.gguf');
    const pair = fc.record({
      context: fc.integer({ min: 1, max: 2_000_000 }),
      layers: fc.integer({ min: 1, max: 200 }),
      name: fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
        .filter((name) => name.trim() === name && !name.startsWith('\ufeff')),
      tokens: fc.array(fc.string({ maxLength: 12 }), { minLength: 0, maxLength: 30 }),
      repeat: fc.integer({ min: 1, max: 400 }),
    });
    await fc.assert(
      fc.asyncProperty(pair, async ({ context, layers, name, tokens, repeat }) => {
        const vocabulary = Array.from({ length: repeat }, () => tokens).flat();
        await headerModel(folder, 'any.gguf', {
          'tokenizer.ggml.tokens': strings(vocabulary),
          'tokenizer.ggml.scores': { kind: 'array', of: 'f32', value: vocabulary.map(() => 1) },
          'llama.context_length': { kind: 'u64', value: BigInt(context) },
          'llama.block_count': { kind: 'i32', value: layers },
          'general.name': text(name),
        });
        const library = await gguf(path, { allowLocalFile: true });
        const { metadata, problem } = await readGgufHeader(path);
        expect(problem).toBeNull();
        expect(metadata).toMatchObject({ name, contextLength: context, layers, vocabularySize: vocabulary.length });
        expect(library.metadata).toMatchObject({ 'general.name': name, 'llama.block_count': layers });
      }),
      { numRuns: 40 },
    );
  });

  test('a vocabulary of several reads is passed over and what follows it is read', async () => {
    const path = await headerModel(await temporaryFolder(), 'big.gguf', {
      'tokenizer.ggml.tokens': strings(Array.from({ length: 150_000 }, (_, i) => `token number ${i}`)),
      'tokenizer.ggml.merges': strings(['x'.repeat(3_000_000), ...Array.from({ length: 3000 }, () => 'y')]),
      'tokenizer.ggml.token_type': { kind: 'array', of: 'i32', value: Array.from({ length: 150_000 }, () => 1) },
      'tokenizer.chat_template': text('{{ tools }}'),
    });
    expect(await readGgufHeader(path)).toMatchObject({
      problem: null,
      metadata: { vocabularySize: 150_000, supportsTools: true, hasChatTemplate: true },
    });
  });

  test.each([
    ['a plain model', 'llama', {}, ['text']],
    ['BERT', 'bert', {}, ['embedding']],
    ['nomic-bert with mean pooling', 'nomic-bert', { 'nomic-bert.pooling_type': u32(1) }, ['embedding']],
    ['a decoder that pools its last token', 'qwen3', { 'qwen3.pooling_type': u32(3) }, ['embedding']],
    ['a reranker', 'bert', { 'bert.pooling_type': u32(4) }, ['rank']],
    ['pooling switched off', 'llama', { 'llama.pooling_type': u32(0) }, ['text']],
  ])('%s puts out %s', async (_, architecture, extra, outputs) => {
    const path = await headerModel(await temporaryFolder(), 'a.gguf', {
      'general.architecture': text(architecture),
      ...extra,
    });
    expect((await readGgufHeader(path)).metadata?.outputModalities).toEqual(outputs);
  });

  test.each([
    ['no template', {}, false, false],
    ['a template without tools', { 'tokenizer.chat_template': text('{{ messages }}') }, true, false],
    [
      'a template with tools',
      { 'tokenizer.chat_template': text('{% if tools %}{{ tools | tojson }}{% endif %}') },
      true,
      true,
    ],
    ['a second template for tools', { 'tokenizer.chat_template.tool_use': text('{{ tool_calls }}') }, true, true],
    ['a word that only contains it', { 'tokenizer.chat_template': text('{{ stools }}') }, true, false],
  ])('%s', async (_, extra, hasChatTemplate, supportsTools) => {
    const path = await headerModel(await temporaryFolder(), 'a.gguf', extra);
    expect((await readGgufHeader(path)).metadata).toMatchObject({ hasChatTemplate, supportsTools });
  });

  test.each([
    ['the stated type', 'a.gguf', { 'general.file_type': u32(15) }, 'Q4_K_M'],
    ['a type that was guessed', 'a.gguf', { 'general.file_type': u32(15 + 1024) }, 'Q4_K_M'],
    ['the name, when the header is silent', 'qwen-ud-iq2_xxs.gguf', {}, 'IQ2_XXS'],
    ['the tensors, when neither says', 'a.gguf', {}, 'F32'],
  ])('quantization from %s', async (_, file, extra, quantization) => {
    const path = await headerModel(await temporaryFolder(), file, extra);
    expect((await readGgufHeader(path)).metadata?.quantization).toContain(quantization);
  });

  test('per-layer lists, mixtures, windows and latent attention are facts', async () => {
    const path = await headerModel(await temporaryFolder(), 'a.gguf', {
      'general.architecture': text('deepseek2'),
      'deepseek2.block_count': u32(3),
      'deepseek2.embedding_length': u32(512),
      'deepseek2.attention.head_count': u32(8),
      'deepseek2.attention.head_count_kv': { kind: 'array', of: 'i32', value: [4, 0, 2] },
      'deepseek2.attention.value_length': u32(128),
      'deepseek2.attention.kv_lora_rank': u32(96),
      'deepseek2.attention.sliding_window': u32(1024),
      'deepseek2.rope.freq_base': { kind: 'f32', value: 10_000 },
      'deepseek2.expert_count': u32(64),
      'deepseek2.expert_used_count': u32(6),
    });
    const { metadata, facts } = await readGgufHeader(path);
    expect(facts).toMatchObject({
      heads: [8, 8, 8],
      kvHeads: [4, 0, 2],
      keyLength: 64,
      valueLength: 128,
      latentLength: 96,
      slidingWindow: 1024,
      ropeFrequencyBase: 10_000,
      expertsUsed: 6,
    });
    expect(metadata).toMatchObject({ experts: 64, heads: 8, kvHeads: 4 });
  });

  test('facts of shards add up, also where layers lie in a later shard', () => {
    const base = {
      parameters: 1,
      tensorBytes: 10,
      layerBytes: [10],
      expertBytes: 0,
      inputBytes: 0,
      outputBytes: 0,
      otherBytes: 0,
    };
    const rest = {
      layers: 3,
      contextLength: null,
      embeddingLength: null,
      vocabularySize: null,
      heads: null,
      kvHeads: null,
      keyLength: null,
      valueLength: null,
      feedForwardLength: null,
      ropeDimensions: null,
      ropeFrequencyBase: null,
      ropeScaling: null,
      ropeScalingFactor: null,
      slidingWindow: null,
      windowedLayers: null,
      latentLength: null,
      recurrent: null,
      experts: null,
      expertsUsed: null,
    };
    const joined = joinFacts([
      { ...rest, ...base },
      { ...rest, ...base, layerBytes: [0, 0, 10] },
    ]);
    expect(joined).toMatchObject({ parameters: 2, tensorBytes: 20, layerBytes: [10, 0, 10], layers: 3 });
    expect(joinFacts([])).toBeNull();
  });

  test('a projector is told apart with its inputs', async () => {
    const folder = await temporaryFolder();
    const both = await mmprojModel(folder, 'a.gguf', { vision: true, audio: true });
    expect((await readGgufHeader(both)).projector).toEqual({ inputs: ['image', 'audio'], projectionLength: null });
    const sound = await mmprojModel(folder, 'b.gguf', { vision: false, audio: true });
    expect((await readGgufHeader(sound)).projector?.inputs).toEqual(['audio']);
  });
});

describe('files that cannot be used say why', () => {
  const problemOf = async (path: string) => (await readGgufHeader(path)).problem;

  test('wrong magic', async () => {
    expect(await problemOf(await badMagicModel(await temporaryFolder()))).toMatch(/not a GGUF file/);
  });
  test('empty', async () => {
    expect(await problemOf(await emptyModel(await temporaryFolder()))).toMatch(/is empty/);
  });
  test('shorter than the magic', async () => {
    const path = join(await temporaryFolder(), 'short.gguf');
    await writeFile(path, 'GG');
    expect(await problemOf(path)).toMatch(/ends inside its header, after 2 bytes/);
  });
  test('cut off inside the header', async () => {
    expect(await problemOf(await truncatedHeaderModel(await temporaryFolder()))).toMatch(/ends inside its header/);
  });
  test('cut off inside the tensors: metadata and both sizes are told', async () => {
    const { metadata, problem } = await readGgufHeader(await truncatedModel(await temporaryFolder()));
    expect(metadata?.architecture).toBe('llama');
    expect(problem).toMatch(/incomplete: it has 0\.3 MiB of 1\.9 MiB/);
  });
  test('one byte short', async () => {
    const path = await tinyModel(await temporaryFolder());
    await truncate(path, (await stat(path)).size - 1);
    expect(await problemOf(path)).toMatch(/incomplete/);
  });
  test('version from the future, version 1, big endian', async () => {
    const folder = await temporaryFolder();
    const path = await futureVersionModel(folder);
    expect(await problemOf(path)).toMatch(/GGUF version 99/);
    const bytes = await readFile(path);
    bytes.writeUInt32LE(1, 4);
    await writeFile(path, bytes);
    expect(await problemOf(path)).toMatch(/version 1, which llama\.cpp no longer reads/);
    bytes.writeUInt32BE(3, 4);
    await writeFile(path, bytes);
    expect(await problemOf(path)).toMatch(/big-endian/);
  });
  test('a folder of that name', async () => {
    const path = join(await temporaryFolder(), 'folder.gguf');
    await mkdir(path);
    expect(await problemOf(path)).toMatch(/This is a folder/);
  });
  test('missing', async () => {
    expect(await problemOf(join(await temporaryFolder(), 'none.gguf'))).toMatch(/is gone/);
  });
  test.skipIf(process.platform === 'win32')('a pipe neither blocks nor counts as a model', async () => {
    const path = join(await temporaryFolder(), 'pipe.gguf');
    execFileSync('mkfifo', [path]);
    expect(await problemOf(path)).toMatch(/not a regular file/);
  });
  test('no architecture, an adapter, a vocabulary only', async () => {
    const folder = await temporaryFolder();
    expect(await problemOf(await headerModel(folder, 'a.gguf', { 'general.architecture': text(' ') }))).toMatch(
      /does not name an architecture/,
    );
    expect(await problemOf(await headerModel(folder, 'b.gguf', { 'general.type': text('adapter') }))).toMatch(
      /LoRA adapter/,
    );
    const path = join(folder, 'c.gguf');
    await writeGguf(path, { metadata: { 'general.architecture': text('llama') }, tensors: [] });
    expect(await problemOf(path)).toMatch(/no weights/);
  });
  test('an architecture nobody knows is for the engine to refuse', async () => {
    const header = await readGgufHeader(await unknownArchitectureModel(await temporaryFolder()));
    expect(header).toMatchObject({ problem: null, metadata: { architecture: 'llamactor-imaginary' } });
  });

  test.each([
    ['a huge number of tensors', 8, 0xffff_ffff_ffffn],
    ['a huge number of values', 16, 0xffff_ffff_ffffn],
    ['a key longer than the file', 24, 60_000n],
    ['a key longer than any', 24, 0x7fff_ffff_ffff_ffffn],
  ])('a header that claims %s is damaged or cut off, quickly', async (_, offset, value) => {
    const path = await headerModel(await temporaryFolder(), 'a.gguf');
    const bytes = await readFile(path);
    bytes.writeBigUInt64LE(value, offset);
    await writeFile(path, bytes);
    expect(await problemOf(path)).toMatch(/damaged|ends inside/);
  });

  test('any damage of any header is a problem or a reading, never an exception', async () => {
    const folder = await temporaryFolder();
    const path = await headerModel(folder, 'a.gguf', {
      'tokenizer.ggml.tokens': strings(['a', 'b']),
      'general.tags': strings(['x']),
    });
    const good = await readFile(path);
    const damage = fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat({ max: good.length }), async (changes, length) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        await writeFile(path, bytes.subarray(0, length));
        const { metadata, problem } = await readGgufHeader(path);
        expect(metadata !== null || (problem ?? '').length > 20).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('fingerprint', () => {
  test('is the content’s: the same for a copy, another for other content or size', async () => {
    const folder = await temporaryFolder();
    const one = await inspectFile(await tinyModel(folder, 'one.gguf'));
    const copy = await inspectFile(await tinyModel(folder, 'copy.gguf'));
    const other = await inspectFile(await tinyModel(folder, 'other.gguf', { name: 'Another' }));
    const larger = await inspectFile(await tinyModel(folder, 'larger.gguf', { extraBlocks: 1 }));
    expect(copy.fingerprint).toBe(one.fingerprint);
    expect(new Set([one, other, larger].map(({ fingerprint }) => fingerprint)).size).toBe(3);
    expect(one.fingerprint?.length).toBeLessThan(128);
  });
  test('an unreadable file has none, an empty one has', async () => {
    const folder = await temporaryFolder();
    expect((await inspectFile(join(folder, 'none.gguf'))).fingerprint).toBeNull();
    expect((await inspectFile(await emptyModel(folder))).fingerprint).not.toBeNull();
  });
});

test.each([
  [0, null],
  [999, null],
  [1000, '1K'],
  [116_160, '116K'],
  [999_600, '1M'],
  [1_540_000_000, '1.5B'],
  [8_030_000_000, '8B'],
  [9_960_000_000, '10B'],
  [70_600_000_000, '71B'],
  [1e12, '1T'],
  [Number.NaN, null],
])('the label of %d parameters is %s', (parameters, label) => {
  expect(sizeLabelOf(parameters)).toBe(label);
});
