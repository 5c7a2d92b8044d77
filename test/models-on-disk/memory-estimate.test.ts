/** Bytes by device from a header: by example against the numbers of known models, and against what the engine itself says. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { GgufFacts } from '../../src/io/models/gguf-facts.ts';
import { bytesOfParts, estimateMemory } from '../../src/io/models/memory-estimate.ts';
import type { EstimateInput } from '../../src/io/models/memory-estimate.ts';
import { parseEngineLine } from '../../src/io/llama/child-protocol.ts';
import type { MemoryRow } from '../../src/io/llama/child-protocol.ts';
import { measuredMemory } from '../../src/io/llama/measured-memory.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** Llama 3.1 8B: 32 layers, 8 key/value heads of 128. */
const llama: GgufFacts = {
  parameters: 8e9,
  tensorBytes: 32 * 100 * MIB + 500 * MIB + 400 * MIB,
  layerBytes: Array.from({ length: 32 }, () => 100 * MIB),
  expertBytes: 0,
  inputBytes: 500 * MIB,
  outputBytes: 400 * MIB,
  otherBytes: 0,
  layers: 32,
  contextLength: 131_072,
  embeddingLength: 4096,
  vocabularySize: 128_256,
  heads: Array.from({ length: 32 }, () => 32),
  kvHeads: Array.from({ length: 32 }, () => 8),
  keyLength: 128,
  valueLength: 128,
  feedForwardLength: [14_336],
  ropeDimensions: 128,
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
const estimate = (parameters: EstimateInput['parameters'] = {}, parts: Partial<EstimateInput> = {}) =>
  estimateMemory({
    facts: llama,
    fileBytes: llama.tensorBytes + MIB,
    mmprojBytes: 0,
    parameters,
    gpus: [],
    measured: null,
    ...parts,
  });
const ram = (...args: Parameters<typeof estimate>) => estimate(...args).most[0];

it('reckons 128 KiB of cache a token for Llama 3.1 8B, less with quantised caches', () => {
  expect(ram({ 'ctx-size': 8192 })?.context).toBe(GIB);
  expect(ram({ 'ctx-size': 8192, 'cache-type-k': 'q8_0', 'cache-type-v': 'q8_0' })?.context).toBe((GIB * 34) / 64);
  expect(ram({ 'ctx-size': 8192, 'cache-type-k': 'f32' })?.context).toBe(1.5 * GIB);
  // Slots share the context that was asked for.
  expect(ram({ 'ctx-size': 8192, parallel: 8 })?.context).toBe(GIB);
});

it('needs the smallest context the engine fits to, and takes the model’s own where there is room', () => {
  const both = estimate();
  expect(both.contextTokens).toEqual({ least: 4096, most: 131_072 });
  expect([both.least[0]?.context, both.most[0]?.context]).toEqual([GIB / 2, 16 * GIB]);
  expect(estimate({ fit: 'off' }).contextTokens.least).toBe(131_072);
});

it('counts windowed layers by their window where the header says which they are', () => {
  const gemma = { ...llama, slidingWindow: 1024, windowedLayers: llama.layerBytes.map((_, n) => (n + 1) % 2 === 1) };
  const cells = 16 * 65_536 + 16 * (1024 + 512);
  expect(ram({ 'ctx-size': 65_536, parallel: 1 }, { facts: gemma })?.context).toBe(cells * 8 * 256 * 2);
  expect(ram({ 'ctx-size': 65_536, parallel: 1, 'swa-full': true }, { facts: gemma })?.context).toBe(8 * GIB);
});

it('uses the compressed cache of latent attention', () => {
  const deepseek = { ...llama, latentLength: 512, ropeDimensions: 64 };
  expect(ram({ 'ctx-size': 4096 }, { facts: deepseek })?.context).toBe(32 * 4096 * 576 * 2);
});

it('offloads what fits, or as many layers as were asked for, the output with the last', () => {
  const gpus = [24 * GIB];
  const all = estimate({ 'ctx-size': 8192 }, { gpus }).most;
  expect(all.map(({ model, context }) => [model / MIB, context])).toEqual([
    [500, 0],
    [3600, GIB],
  ]);
  const half = estimate({ 'ctx-size': 8192, 'gpu-layers': 16 }, { gpus }).most;
  expect(half.map(({ model, context }) => [model / MIB, context])).toEqual([
    [2500, GIB / 2],
    [1600, GIB / 2],
  ]);
  expect(estimate({ 'gpu-layers': 0 }, { gpus }).most[1]).toMatchObject({ model: 0, context: 0, compute: 0 });
  const auto = estimate({}, { gpus: [GIB] }).most;
  expect(auto[1]?.model).toBeLessThanOrEqual(GIB);
  expect(auto[1]?.model).toBeGreaterThan(0.7 * GIB);
});

it('splits over GPUs by their size or as asked, and keeps experts in main memory when told to', () => {
  const two = { gpus: [8 * GIB, 24 * GIB] };
  const weights = (parameters: EstimateInput['parameters'], facts = llama) =>
    estimate(parameters, { ...two, facts }).most.map(({ model }) => model / MIB);
  expect(weights({})).toEqual([500, 900, 2700]);
  expect(weights({ 'tensor-split': '1,1' })).toEqual([500, 1800, 1800]);
  expect(weights({ 'split-mode': 'none', 'main-gpu': 1 })).toEqual([500, 0, 3600]);
  expect(weights({ device: 'none' })).toEqual([4100, 0, 0]);
  expect(weights({ 'cpu-moe': true }, { ...llama, expertBytes: 3000 * MIB })).toEqual([3500, 150, 450]);
});

it('adds the projector where it runs, and the cache of prompts only when it was asked for', () => {
  const plain = ram()?.other ?? 0;
  expect(ram({ 'cache-ram': 1024 })?.other).toBe(plain + GIB);
  expect(ram({}, { mmprojBytes: MIB })?.other).toBe(plain + MIB);
  expect(estimate({}, { mmprojBytes: MIB, gpus: [24 * GIB] }).most.map(({ other }) => other)).toEqual([plain, MIB]);
});

it('says which weights are pages of the file', () => {
  expect(estimate().mapped).toBe(llama.tensorBytes);
  for (const parameters of [{ 'no-mmap': true }, { mlock: true }, { 'load-mode': 'none' }])
    expect(estimate(parameters).mapped).toBe(0);
});

it('never gets smaller with more context, and every part is a whole number that is not negative', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 512, max: 1_000_000 }),
      fc.integer({ min: 0, max: 100_000 }),
      fc.integer({ min: -1, max: 99 }),
      fc.array(fc.integer({ min: 0, max: 80 }), { maxLength: 3 }),
      (context, more, layers, gib) => {
        const at = (tokens: number) =>
          estimate({ 'ctx-size': tokens, 'gpu-layers': layers }, { gpus: gib.map((n) => n * GIB) }).most;
        const [small, large] = [at(context), at(context + more)];
        small.forEach((parts, device) => {
          expect(bytesOfParts(parts)).toBeLessThanOrEqual(bytesOfParts(large[device] as typeof parts));
          expect(Math.min(parts.model, parts.context, parts.compute, parts.other)).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(bytesOfParts(parts))).toBe(true);
        });
        const weights = small.reduce((sum, { model }) => sum + model, 0);
        expect(Math.abs(weights - llama.tensorBytes)).toBeLessThan(gib.length + 1);
      },
    ),
    { seed: 20_260, numRuns: 300 },
  );
});

const rowsOf = (...rows: object[]): MemoryRow[] => {
  const line = parseEngineLine(JSON.stringify({ type: 'fit_memory_breakdown', data: { unit: 'MiB', rows } }));
  return line.kind === 'memory' ? line.rows : [];
};
const host = { kind: 'host', name: 'Host', self: 489, model: 260, context: 221, compute: 7 };

it('takes the engine’s account by device, whatever the order and the names of its rows', () => {
  const cuda = { kind: 'device', model: 2, context: 3, compute: 4 };
  const rows = rowsOf({ ...cuda, name: 'CUDA1' }, { ...host, name: 'CPU_REPACK' }, host, {
    ...cuda,
    name: 'CUDA0',
    model: 9,
  });
  expect(measuredMemory([rows], 4096)).toEqual({
    ram: { model: 520 * MIB, context: 442 * MIB, compute: 14 * MIB },
    gpus: [
      { model: 9 * MIB, context: 3 * MIB, compute: 4 * MIB },
      { model: 2 * MIB, context: 3 * MIB, compute: 4 * MIB },
    ],
    contextTokens: 4096,
  });
  expect(measuredMemory([], 4096)).toBeNull();
});

it('works the context out of the tokens given where the engine fitted it to memory', () => {
  const wish = rowsOf({ ...host, context: 56_576 });
  const least = rowsOf(host);
  expect(measuredMemory([wish, least], 131_072)?.ram.context).toBe(221 * 32 * MIB);
  expect(measuredMemory([wish, least], 9_999_999)?.ram.context).toBe(56_576 * MIB);
  expect(measuredMemory([wish], 1_048_576)?.ram.context).toBe(56_576 * MIB);
});

it('puts what was measured in the place of what was reckoned, for any context', () => {
  const measured = measuredMemory([rowsOf({ ...host, context: 100 })], 8192);
  const found = estimate({ 'ctx-size': 16_384 }, { measured }).most[0];
  expect(found).toMatchObject({ model: 260 * MIB, context: 200 * MIB, compute: 7 * MIB, measured: true });
});
