import { expect, test } from 'vitest';
import { nameWords, pairProjectors } from '../../src/io/models/pair-projectors.ts';
import type { PairableModel, PairableProjector } from '../../src/io/models/pair-projectors.ts';

const models = (...names: string[]): PairableModel[] =>
  names.map((name) => ({ path: name, name, embeddingLength: null }));
const projectors = (...names: string[]): PairableProjector[] =>
  names.map((name) => ({ path: name, name, projectionLength: null }));
const pair = (some: PairableModel[], others: PairableProjector[]) => Object.fromEntries(pairProjectors(some, others));

test.each([
  ['gemma-3-4b-it-Q4_K_M.gguf', ['gemma', '3', '4b', 'it']],
  ['mmproj-model-f16.gguf', []],
  ['mmproj-Qwen2.5-VL-7B-Instruct-BF16.gguf', ['qwen2.5', 'vl', '7b', 'instruct']],
  ['big-UD-Q2_K_XL-00001-of-00002.gguf', ['big']],
])('the words of %s', (name, words) => {
  expect([...nameWords(name)]).toEqual(words);
});

test('one model takes the only projector, whatever their names', () => {
  expect(pair(models('llama.gguf'), projectors('eyes.gguf'))).toEqual({ 'llama.gguf': 'eyes.gguf' });
});

test('all quantizations of one model share it', () => {
  const names = ['gemma-3-4b-it-Q4_K_M.gguf', 'gemma-3-4b-it-Q8_0.gguf', 'gemma-3-4b-it-BF16.gguf'];
  expect(Object.keys(pair(models(...names), projectors('mmproj-F16.gguf')))).toEqual(names);
});

test('in a mixed folder the name decides, and sizes must agree', () => {
  const all = models(
    'gemma-3-4b-it-Q4_K_M.gguf',
    'gemma-3-12b-it-Q4_K_M.gguf',
    'qwen2-vl-7b.gguf',
    'mistral-7b-Q4_0.gguf',
  );
  expect(
    pair(all, projectors('mmproj-gemma-3-4b-it-f16.gguf', 'mmproj-gemma-3-12b-it-f16.gguf', 'qwen2-vl-7b.mmproj.gguf')),
  ).toEqual({
    'gemma-3-4b-it-Q4_K_M.gguf': 'mmproj-gemma-3-4b-it-f16.gguf',
    'gemma-3-12b-it-Q4_K_M.gguf': 'mmproj-gemma-3-12b-it-f16.gguf',
    'qwen2-vl-7b.gguf': 'qwen2-vl-7b.mmproj.gguf',
  });
});

test('in a mixed folder one without a name goes by width only', () => {
  const narrow = { path: 'a.gguf', name: 'a.gguf', embeddingLength: 2048 };
  const wide = { path: 'b.gguf', name: 'b.gguf', embeddingLength: 4096 };
  expect(pair([narrow, wide], projectors('mmproj.gguf'))).toEqual({});
  expect(pair([narrow, wide], [{ path: 'mmproj.gguf', name: 'mmproj.gguf', projectionLength: 4096 }])).toEqual({
    'b.gguf': 'mmproj.gguf',
  });
});

test('of several that fit, F16 is taken', () => {
  expect(
    pair(models('a.gguf'), projectors('mmproj-F32.gguf', 'mmproj-BF16.gguf', 'mmproj-F16.gguf', 'mmproj-Q8_0.gguf')),
  ).toEqual({
    'a.gguf': 'mmproj-F16.gguf',
  });
});

test('a width that differs rules out even the only one', () => {
  expect(
    pairProjectors(
      [{ path: 'a', name: 'a.gguf', embeddingLength: 1 }],
      [{ path: 'p', name: 'p.gguf', projectionLength: 2 }],
    ).size,
  ).toBe(0);
});
