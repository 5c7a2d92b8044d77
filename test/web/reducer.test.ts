import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LiveChange, LiveChangeView, ModelView, SnapshotView } from '../../src/contracts/views.ts';
import { emptyLive, reduceLive } from '../../web/state/reducer.ts';
import type { LiveAction, LiveState } from '../../web/state/reducer.ts';
import { memoryDownload } from '../support/memory-downloads.ts';
import type { DownloadView } from '../../src/contracts/downloads.ts';
import { aModel } from '../browser/fixture-models.ts';
import { readyEngine, runningRouter } from '../browser/fixture-server.ts';

/** The server's side of the story: what is true after each increment. */
interface Truth {
  models: Map<string, ModelView>;
  inFlight: number;
  build: number;
  downloads: Map<string, DownloadView>;
}

const ids = ['a', 'b', 'c', 'd'];
const changeArbitrary: fc.Arbitrary<LiveChange> = fc.oneof(
  fc
    .record({ id: fc.constantFrom(...ids), progress: fc.integer({ min: 0, max: 100 }) })
    .map(({ id, progress }) => ({ kind: 'model' as const, model: aModel(id, { state: 'loading', progress }) })),
  fc.constantFrom(...ids).map((id) => ({ kind: 'model.removed' as const, id })),
  fc.nat(9).map((inFlight) => ({ kind: 'router' as const, router: { ...runningRouter, inFlight } })),
  fc.nat(9).map((build) => ({ kind: 'engine' as const, engine: { ...readyEngine, build } })),
  fc
    .record({ id: fc.constantFrom(...ids), percent: fc.nat(100) })
    .map(({ id, percent }) => ({ kind: 'download' as const, download: memoryDownload({ id, percent }) })),
  fc.constantFrom(...ids).map((id) => ({ kind: 'download.removed' as const, id })),
);
const incrementsArbitrary = fc.array(fc.array(changeArbitrary, { minLength: 1, maxLength: 3 }), { maxLength: 12 });

const applyTruth = (truth: Truth, changes: readonly LiveChange[]): Truth => {
  const next = { ...truth, models: new Map(truth.models), downloads: new Map(truth.downloads) };
  for (const change of changes) {
    if (change.kind === 'model') next.models.set(change.model.id, change.model);
    else if (change.kind === 'model.removed') next.models.delete(change.id);
    else if (change.kind === 'router') next.inFlight = change.router.inFlight;
    else if (change.kind === 'download') next.downloads.set(change.download.id, change.download);
    else if (change.kind === 'download.removed') next.downloads.delete(change.id);
    else next.build = change.engine.build ?? 0;
  }
  return next;
};

const snapshotOf = (truth: Truth, seq: number): SnapshotView => ({
  seq,
  serverTime: 0,
  version: '0.1.0',
  models: [...truth.models.values()],
  router: { ...runningRouter, inFlight: truth.inFlight },
  engine: { ...readyEngine, build: truth.build },
  downloads: [...truth.downloads.values()],
});

const truthOf = (state: LiveState): Truth => ({
  models: new Map(state.models),
  inFlight: state.router?.inFlight ?? 0,
  build: state.engine?.build ?? 0,
  downloads: new Map(state.downloads),
});

const start: Truth = { models: new Map([['a', aModel('a')]]), inFlight: 0, build: 0, downloads: new Map() };
/** `truths[n]` is what holds after the first n increments. */
const story = (increments: readonly LiveChange[][]): { truths: Truth[]; views: LiveChangeView[] } => {
  const truths = [start];
  for (const changes of increments) truths.push(applyTruth(truths.at(-1) ?? start, changes));
  return { truths, views: increments.map((changes, index) => ({ seq: index + 1, changes })) };
};

const run = (actions: readonly LiveAction[], from: LiveState = emptyLive): LiveState =>
  actions.reduce(reduceLive, from);
const change = (view: LiveChangeView): LiveAction => ({ type: 'change', change: view });

describe('the live reducer', () => {
  it('snapshot + any increments = what is true on the server', () => {
    fc.assert(
      fc.property(incrementsArbitrary, fc.nat(), (increments, at) => {
        const { truths, views } = story(increments);
        const seq = at % truths.length;
        const state = run([
          { type: 'snapshot', snapshot: snapshotOf(truths[seq] ?? start, seq) },
          ...views.slice(seq).map(change),
        ]);
        expect(state.phase).toBe('synced');
        expect(state.seq).toBe(views.length);
        expect(truthOf(state)).toEqual(truths.at(-1));
      }),
    );
  });

  it('increments that overtake the snapshot are applied after it, whatever their order, and old or doubled ones change nothing', () => {
    const plan = incrementsArbitrary.chain((increments) =>
      fc.record({
        increments: fc.constant(increments),
        at: fc.nat(),
        before: fc.shuffledSubarray(increments.map((_, index) => index)),
        doubled: fc.subarray(increments.map((_, index) => index)),
      }),
    );
    fc.assert(
      fc.property(plan, ({ increments, at, before, doubled }) => {
        const { truths, views } = story(increments);
        const seq = at % truths.length;
        const pick = (indices: readonly number[]): LiveAction[] =>
          indices.flatMap((index) => views[index] ?? []).map(change);
        const afterSnapshot = views.filter((view) => view.seq > seq && !before.includes(view.seq - 1));
        let state = run([...pick(before), { type: 'snapshot', snapshot: snapshotOf(truths[seq] ?? start, seq) }]);
        // What waited may have had a hole; then the page asks again and the server answers with what is true by then.
        if (state.phase === 'behind') {
          state = run([{ type: 'snapshot', snapshot: snapshotOf(truths.at(-1) ?? start, views.length) }], state);
        } else {
          state = run(afterSnapshot.map(change), state);
          if (state.phase === 'behind')
            state = run([{ type: 'snapshot', snapshot: snapshotOf(truths.at(-1) ?? start, views.length) }], state);
        }
        state = run(pick(doubled), state);
        expect(state.phase).toBe('synced');
        expect(truthOf(state)).toEqual(truths.at(-1));
      }),
    );
  });

  it('a missing increment is noticed wherever it falls, and the held data is not mixed with what came after it', () => {
    fc.assert(
      fc.property(incrementsArbitrary, fc.nat(), (increments, at) => {
        fc.pre(increments.length >= 2);
        const { truths, views } = story(increments);
        const missing = at % (views.length - 1);
        const state = run([
          { type: 'snapshot', snapshot: snapshotOf(start, 0) },
          ...views.filter((_, index) => index !== missing).map(change),
        ]);
        expect(state.phase).toBe('behind');
        expect(state.seq).toBe(missing);
        expect(truthOf(state)).toEqual(truths[missing]);
        const mended = run([{ type: 'snapshot', snapshot: snapshotOf(truths.at(-1) ?? start, views.length) }], state);
        expect(mended.phase).toBe('synced');
        expect(truthOf(mended)).toEqual(truths.at(-1));
        expect(mended.waiting).toEqual([]);
      }),
    );
  });

  it('never writes into a state or an action it was given', () => {
    const frozen = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
      Object.freeze(value);
      for (const part of Object.values(value)) frozen(part);
    };
    const { views } = story([[{ kind: 'model', model: aModel('b') }], [{ kind: 'model.removed', id: 'a' }]]);
    const first = run([{ type: 'snapshot', snapshot: snapshotOf(start, 0) }]);
    const before = new Map(first.models);
    frozen(first);
    frozen(views);
    const last = run(views.map(change), first);
    expect(first.models).toEqual(before);
    expect([...last.models.keys()]).toEqual(['b']);
  });

  it('keeps the data of a lost connection, marks it, and takes a lower number from a server that started anew', () => {
    const live = run([{ type: 'snapshot', snapshot: snapshotOf(start, 40) }]);
    const lost = run([{ type: 'lost' }], live);
    expect(lost.phase).toBe('behind');
    expect([...lost.models.keys()]).toEqual(['a']);
    const back = run([{ type: 'snapshot', snapshot: snapshotOf({ ...start, models: new Map() }, 1) }], lost);
    expect(back).toMatchObject({ phase: 'synced', seq: 1 });
    expect(back.models.size).toBe(0);
  });

  it('forgets increments of the old connection: the new one counts from elsewhere', () => {
    const { views } = story([[{ kind: 'model.removed', id: 'a' }]]);
    const waiting = run([change({ seq: 6, changes: views[0]?.changes ?? [] })]);
    expect(waiting.waiting).toHaveLength(1);
    const state = run([{ type: 'lost' }, { type: 'snapshot', snapshot: snapshotOf(start, 5) }], waiting);
    expect(state).toMatchObject({ phase: 'synced', seq: 5 });
    expect(state.models.has('a')).toBe(true);
  });

  it('answers a change that is already contained with the very same state, so that nothing is drawn again', () => {
    const live = run([{ type: 'snapshot', snapshot: snapshotOf(start, 3) }]);
    expect(reduceLive(live, change({ seq: 3, changes: [{ kind: 'model.removed', id: 'a' }] }))).toBe(live);
    expect(reduceLive(emptyLive, { type: 'lost' })).toBe(emptyLive);
  });

  it('holds a bounded number of increments while it waits, and asks again when the oldest were let go', () => {
    const flood = Array.from({ length: 600 }, (_, index) => change({ seq: index + 1, changes: [] }));
    const waiting = run(flood);
    expect(waiting.waiting.length).toBeLessThanOrEqual(512);
    const state = run([{ type: 'snapshot', snapshot: snapshotOf(start, 10) }], waiting);
    expect(state.phase).toBe('behind');
  });
});
