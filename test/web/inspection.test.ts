import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InspectedActorView, InspectorFrameView } from '../../src/contracts/views.ts';
import { actorsAfter, begun, MOST_STEPS, stepMatches, treeOf, withFrames } from '../../web/state/inspection.ts';

const actor = (id: string, state: string | null, over: Partial<InspectedActorView> = {}): InspectedActorView => ({
  id,
  name: id,
  machine: state === null ? null : 'model',
  parent: null,
  status: 'active',
  state,
  context: { at: state },
  ...over,
});
const frame = (seq: number, id = 'a', state = `s${seq}`, before = `s${seq - 1}`): InspectorFrameView => ({
  seq,
  at: seq,
  actor: actor(id, state),
  before,
  source: null,
  event: { type: 'model.load' },
});
const range = (from: number, to: number): InspectorFrameView[] =>
  Array.from({ length: to - from + 1 }, (_, index) => frame(from + index));

describe('what the inspector holds', () => {
  it('takes each step once, whatever arrives twice', () => {
    const held = withFrames(withFrames(begun(4, [actor('a', 's4')]), range(5, 7)), range(6, 9));
    expect(held.frames.map(({ seq }) => seq)).toEqual([5, 6, 7, 8, 9]);
    expect(held.missed).toBe(0);
  });

  it('counts the steps that never came', () => {
    const held = withFrames(begun(0, []), [frame(3), frame(4)]);
    expect(held).toMatchObject({ seq: 4, missed: 2 });
  });

  it('goes back to any step that it keeps', () => {
    const held = withFrames(begun(0, [actor('a', 's0'), actor('b', 'x')]), range(1, 5));
    for (let steps = 0; steps <= 5; steps += 1) {
      const then = actorsAfter(held, steps);
      expect(then.get('a')?.state).toBe(`s${steps}`);
      expect(then.get('b')?.state).toBe('x');
    }
  });

  it('folds what it lets go into the picture it begins from, in batches of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 12 }), (sizes) => {
        let held = begun(0, [actor('a', 's0')]);
        let last = 0;
        for (const size of sizes) {
          held = withFrames(held, range(last + 1, last + size));
          last += size;
        }
        expect(held.frames.length).toBe(Math.min(last, MOST_STEPS));
        expect(actorsAfter(held, 0).get('a')?.state).toBe(`s${last - held.frames.length}`);
        expect(actorsAfter(held, held.frames.length).get('a')?.state).toBe(`s${last}`);
      }),
      { numRuns: 20 },
    );
  });

  it('draws parents before their children and leaves out ports that have ended', () => {
    const rows = treeOf(
      new Map(
        [
          actor('root', 'running'),
          actor('child', 'loaded', { parent: 'root' }),
          actor('port', null, { parent: 'child' }),
          actor('gone', null, { parent: 'child', status: 'stopped' }),
          actor('other', 'ready', { parent: 'root' }),
        ].map((one) => [one.id, one]),
      ),
    );
    expect(rows.map(({ actor: one, depth }) => [one.id, depth])).toEqual([
      ['root', 0],
      ['child', 1],
      ['port', 2],
      ['other', 1],
    ]);
  });

  it('filters by actor, by change and by words', () => {
    const all = { actor: null, changesOnly: false, text: '' };
    expect(stepMatches(frame(1), all)).toBe(true);
    expect(stepMatches(frame(1, 'b'), { ...all, actor: 'a' })).toBe(false);
    expect(stepMatches(frame(1, 'a', 's', 's'), { ...all, changesOnly: true })).toBe(false);
    expect(stepMatches(frame(1), { ...all, text: ' LOAD ' })).toBe(true);
    expect(stepMatches(frame(1), { ...all, text: 'unload' })).toBe(false);
  });
});
