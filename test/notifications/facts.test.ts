/** Which facts people are told of. */
import { describe, expect, it } from 'vitest';
import type { DomainChange } from '../../src/commands/services.ts';
import type { FailureView, ModelView } from '../../src/contracts/views.ts';
import { createFacts } from '../../src/runtime/notifications/facts.ts';
import type { Thresholds } from '../../src/runtime/notifications/facts.ts';
import { memoryModel, memoryRouter, memorySample } from '../support/memory-views.ts';

const thresholds: Thresholds = { disk: 90, memory: 95 };
const failure = (at: number): FailureView => ({
  code: 'CRASHED',
  message: 'The engine ended with code 1.',
  stderr: [],
  exitCode: 1,
  signal: null,
  at,
});
const model = (over: Partial<ModelView>): ModelView => ({ ...memoryModel('alpha.gguf'), ...over });
const moved = (previous: ModelView, now: ModelView): DomainChange => ({
  kind: 'model',
  model: now,
  previous,
  by: null,
});
const sample = (disk: number, memory: number): DomainChange => {
  const view = memorySample(1);
  return {
    kind: 'metrics',
    metrics: { ...view, disk: { ...view.disk, used: disk }, memory: { ...view.memory, used: memory } },
  };
};
const told = (facts: ReturnType<typeof createFacts>, ...changes: DomainChange[]): string[] =>
  changes.flatMap((change) => facts.of(change)).map(({ type, title }) => `${type}: ${title}`);

describe('a model', () => {
  const loaded = model({ state: 'loaded' });
  const crashed = model({ state: 'error', failure: failure(1) });
  const again = model({ state: 'error', failure: failure(2) });
  const given = model({ state: 'error', failure: failure(3), gaveUp: true });

  it('that crashes, and one that is given up', () => {
    const facts = createFacts(() => thresholds);
    expect(told(facts, moved(loaded, crashed))).toEqual(['warning: alpha crashed']);
    expect(told(facts, moved(model({ state: 'loading' }), again))).toEqual(['warning: alpha crashed']);
    expect(told(facts, moved(model({ state: 'loading' }), given))).toEqual(['error: alpha was given up']);
    expect(facts.of(moved(loaded, crashed))[0]).toMatchObject({
      owner: null,
      message: 'The engine ended with code 1. It is started again by itself.',
      data: { modelId: 'alpha', code: 'CRASHED' },
      key: 'model:alpha:crashed',
    });
  });

  it('is nothing to tell while it moves in other ways, or its error only looks different', () => {
    const facts = createFacts(() => thresholds);
    expect(
      told(
        facts,
        moved(crashed, { ...crashed, retryAt: 5 }),
        moved(crashed, model({ state: 'unloaded' })),
        moved(model({ state: 'unloaded' }), loaded),
      ),
    ).toEqual([]);
  });
});

it('the router that was given up is told once', () => {
  const facts = createFacts(() => thresholds);
  const gone: DomainChange = {
    kind: 'router',
    router: { ...memoryRouter(), state: 'error', gaveUp: true, failure: failure(1) },
    by: null,
  };
  const back: DomainChange = { kind: 'router', router: memoryRouter(), by: null };
  expect(told(facts, gone, gone, back, gone)).toEqual([
    'error: The router was given up',
    'error: The router was given up',
  ]);
});

it('a download that ends is told once, and again after another try', () => {
  const facts = createFacts(() => thresholds);
  const download = (state: 'done' | 'failed' | 'fetching', modelId: string | null = null): DomainChange => ({
    kind: 'download',
    by: null,
    download: { id: 'd1', source: 'hf:owner/repo', state, modelId, error: 'The disk is full.' } as never,
  });
  expect(
    told(facts, download('fetching'), download('failed'), download('failed'), download('fetching'), download('done')),
  ).toEqual(['error: Download failed', 'success: Download finished']);
  const other = createFacts(() => thresholds);
  expect(other.of(download('done', 'tiny'))[0]?.message).toBe('tiny can be used now.');
});

describe('disk and memory', () => {
  it('are told once when low, and again only after relief', () => {
    const facts = createFacts(() => thresholds);
    expect(told(facts, sample(89, 10), sample(90, 10), sample(95, 10))).toEqual(['warning: The disk is nearly full']);
    // Swinging around the threshold is no news.
    expect(told(facts, sample(88, 10), sample(91, 10))).toEqual([]);
    expect(told(facts, sample(80, 10), sample(90, 10))).toEqual(['warning: The disk is nearly full']);
  });

  it('memory has to stay full', () => {
    const facts = createFacts(() => thresholds);
    expect(told(facts, sample(1, 99), sample(1, 99), sample(1, 50), sample(1, 99), sample(1, 99))).toEqual([]);
    expect(told(facts, sample(1, 99))).toEqual(['warning: Memory is nearly full']);
  });

  it('0 never tells, and a changed threshold counts from the next sample', () => {
    let limits = { disk: 0, memory: 0 };
    const facts = createFacts(() => limits);
    expect(told(facts, ...Array.from({ length: 5 }, () => sample(100, 100)))).toEqual([]);
    limits = { disk: 50, memory: 0 };
    expect(told(facts, sample(60, 100))).toEqual(['warning: The disk is nearly full']);
  });
});

it('a run that ends is told to its owner, unless somebody cancelled it', () => {
  const facts = createFacts(() => thresholds);
  const run = (state: string, error: string | null = null): DomainChange => ({
    kind: 'run',
    run: { id: 'r1', title: 'Mend the test', state, error } as never,
    owner: 'user:ana',
    news: { what: 'ended', stdout: '', stderr: '', response: null },
    by: null,
  });
  const words = [run('completed'), run('timeout', 'It ran for 5 min.'), run('cancelled')].flatMap((change) =>
    facts.of(change),
  );
  expect(words).toMatchObject([
    { owner: 'user:ana', type: 'success', title: 'Run finished', message: 'Mend the test', data: { runId: 'r1' } },
    { owner: 'user:ana', type: 'error', title: 'Run failed', message: 'Mend the test: It ran for 5 min.' },
  ]);
});
