import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIFECYCLE_STATES } from '../../src/contracts/views.ts';
import { activeModels, compareModels, matchesText, queryLibrary, SORT_KEYS } from '../../web/state/library.ts';
import type { LibraryQuery } from '../../web/state/library.ts';
import { aModel, metadata, mixedModels } from '../browser/fixture-models.ts';

const everything: LibraryQuery = { text: '', filter: 'all', sort: 'name', descending: false };
const idsOf = (query: Partial<LibraryQuery>): string[] => queryLibrary(mixedModels(), { ...everything, ...query }).ids;

describe('searching', () => {
  it('finds by every word, in the name, the architecture, the quantisation, an alias or what it can do', () => {
    expect(idsOf({ text: 'qwen q4' })).toEqual([
      'DeepSeek-R1-Distill-Qwen-14B-Q4_K_M',
      'Qwen2.5-Omni-7B-Q4_K_M',
      'Qwen3-8B-Q4_K_M',
      'Qwen3-Coder-30B-A3B-Instruct-Q4_K_M',
    ]);
    expect(idsOf({ text: 'nomic-bert' })).toEqual(['nomic-embed-text-v1.5-f16']);
    expect(idsOf({ text: 'MXFP4' })).toEqual(['gpt-oss-20b-mxfp4']);
    expect(idsOf({ text: 'default' })).toEqual(['Qwen3-8B-Q4_K_M']);
    expect(idsOf({ text: 'audio' })).toEqual(['Qwen2.5-Omni-7B-Q4_K_M']);
    expect(idsOf({ text: 'no such model' })).toEqual([]);
  });

  it('matches everything when nothing but blanks is asked for', () => {
    expect(matchesText(aModel('x', { metadata: null }), '  \t ')).toBe(true);
  });
});

describe('filtering', () => {
  it('counts by state what the search leaves, and puts a broken file into one place only', () => {
    const { counts } = queryLibrary(mixedModels(), { ...everything, filter: 'loaded' });
    expect(counts).toEqual({ all: 15, unloaded: 7, loading: 1, loaded: 2, stopping: 1, error: 2, unusable: 2 });
    expect(queryLibrary(mixedModels(), { ...everything, text: 'qwen3' }).counts.all).toBe(2);
  });

  it('shows only what was chosen', () => {
    expect(idsOf({ filter: 'error' })).toEqual(['Llama-3.3-70B-Instruct-Q4_K_M', 'Phi-4-mini-instruct-Q8_0']);
    expect(idsOf({ filter: 'unusable' })).toEqual(['Mixtral-8x22B-v0.1-Q4_K_M-00001-of-00005', 'stable-code-3b-q4']);
  });

  it('judges a model in use by its state, also when its file has gone', () => {
    const model = aModel('x', { state: 'loaded', problem: 'The file is gone.' });
    expect(queryLibrary([model], { ...everything, filter: 'loaded' }).ids).toEqual(['x']);
  });
});

describe('sorting', () => {
  it('orders names as people count', () => {
    const models = ['model-10', 'Model-9', 'model-1'].map((id) => aModel(id));
    expect(queryLibrary(models, everything).ids).toEqual(['model-1', 'Model-9', 'model-10']);
  });

  it('puts the largest first when asked, and unusable files last in any case', () => {
    const ids = idsOf({ sort: 'size', descending: true });
    expect(ids[0]).toBe('Llama-3.3-70B-Instruct-Q4_K_M');
    expect(ids.slice(-2)).toEqual(['Mixtral-8x22B-v0.1-Q4_K_M-00001-of-00005', 'stable-code-3b-q4']);
  });

  it('puts what is unknown last in both directions', () => {
    const models = [
      aModel('unknown', { metadata: null }),
      aModel('small', { metadata: metadata({ parameters: 5 }) }),
      aModel('large'),
    ];
    const sorted = (descending: boolean): string[] =>
      queryLibrary(models, { ...everything, sort: 'parameters', descending }).ids;
    expect(sorted(false)).toEqual(['small', 'large', 'unknown']);
    expect(sorted(true)).toEqual(['large', 'small', 'unknown']);
  });

  it('puts what runs first when sorted by state', () => {
    expect(idsOf({ sort: 'state' }).slice(0, 4)).toEqual([
      'gemma-3-12b-it-Q4_K_M',
      'Qwen3-8B-Q4_K_M',
      'Mistral-Small-3.2-24B-Q5_K_M',
      'nomic-embed-text-v1.5-f16',
    ]);
  });

  it('is a total order by every key: never a swap, never a circle', () => {
    const model = fc
      .record({
        id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        state: fc.constantFrom(...LIFECYCLE_STATES),
        size: fc.nat(3),
        problem: fc.constantFrom(null, 'broken'),
        known: fc.boolean(),
      })
      .map(({ id, known, ...parts }) => aModel(id, { ...parts, ...(known ? {} : { metadata: null }) }));
    fc.assert(
      fc.property(model, model, model, fc.constantFrom(...SORT_KEYS), fc.boolean(), (a, b, c, key, descending) => {
        const compare = compareModels(key, descending);
        expect(Math.sign(compare(a, b)) + Math.sign(compare(b, a))).toBe(0);
        if (compare(a, b) <= 0 && compare(b, c) <= 0) expect(compare(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('what is active', () => {
  const failed = Array.from({ length: 5 }, (_, index) => aModel(`bad-${String(index)}`, { state: 'error' }));
  const running = aModel('runs', { state: 'loaded' });

  it('keeps the order and leaves out what is simply unloaded', () => {
    expect(activeModels([...failed.slice(0, 1), aModel('idle'), running], 8)).toEqual(['bad-0', 'runs']);
  });

  it('never hides what runs behind what failed', () => {
    expect(activeModels([...failed, running], 3)).toEqual(['bad-0', 'bad-1', 'runs']);
    expect(activeModels([...failed, running, aModel('next', { state: 'loading' })], 1)).toEqual(['runs', 'next']);
    expect(activeModels([...failed, running], Number.POSITIVE_INFINITY)).toHaveLength(6);
  });
});
