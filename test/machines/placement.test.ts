import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { place } from '../../machines/placement.ts';
import type { PlacementLimits, Resident } from '../../machines/placement.ts';
import { holds } from './support/holds.ts';
import { GIB, anyAvailable, anyLimits, anyResidents, anyWanted, resident } from './support/residents.ts';

const wanted = { id: 'new', bytes: 4 * GIB };
const roomy: PlacementLimits = { modelsMax: 8, reserveBytes: GIB };

/** What is missing if only `kept` stayed and everybody else had left. Written apart from the product, by count and by bytes. */
const fits = (
  want: { id: string; bytes: number },
  kept: readonly Resident[],
  gone: readonly Resident[],
  limits: PlacementLimits,
  available: number | null,
): boolean => {
  if (kept.length + 1 > limits.modelsMax) return false;
  if (available === null) return true;
  // Those that have not taken their memory yet will do so; those that have give it back when they go.
  const toCome = kept.filter(({ state }) => state === 'loading' || state === 'error');
  const givenBack = gone.filter(({ state }) => state === 'loaded' || state === 'stopping');
  const bytes = (models: readonly Resident[]) => models.reduce((total, model) => total + model.bytes, 0);
  return available - limits.reserveBytes - bytes(toCome) + bytes(givenBack) >= want.bytes;
};

describe('placement by example', () => {
  it('admits while there is room, and says the numbers', () => {
    const placement = place(wanted, [resident('old')], roomy, 6 * GIB);
    expect(placement.verdict).toBe('admit');
    expect(placement.reason).toContain('needs 4.00 GiB; 5.00 GiB are free after a reserve of 1.00 GiB');
  });

  it('evicts the least recently used of the idle ones', () => {
    const residents = [resident('late', { lastUsedAt: 9 }), resident('early', { lastUsedAt: 3 })];
    expect(place(wanted, residents, { ...roomy, modelsMax: 2 }, null)).toMatchObject({
      verdict: 'evict',
      ids: ['early'],
    });
  });

  it('does not count on memory of a model that failed and waits to start again', () => {
    const residents = [resident('failed', { state: 'error', lastUsedAt: 1 }), resident('idle', { lastUsedAt: 2 })];
    expect(place(wanted, residents, roomy, GIB)).toMatchObject({ verdict: 'evict', ids: ['failed', 'idle'] });
    expect(place(wanted, [residents[0] as Resident], roomy, GIB).verdict).toBe('refuse');
  });

  it('reserves the memory of a model that is still loading', () => {
    expect(place(wanted, [resident('loading', { state: 'loading' })], roomy, 9 * GIB).verdict).toBe('admit');
    expect(place(wanted, [resident('loading', { state: 'loading' })], roomy, 8 * GIB).verdict).toBe('wait');
  });

  it('waits for one that is leaving rather than evicting another', () => {
    const residents = [resident('leaving', { state: 'stopping' }), resident('idle')];
    const placement = place(wanted, residents, { ...roomy, modelsMax: 2 }, null);
    expect(placement).toMatchObject({ verdict: 'wait', reason: 'Waiting for leaving to leave.' });
  });

  it('waits for a busy one and refuses for a pinned one', () => {
    const one = { ...roomy, modelsMax: 1 };
    expect(place(wanted, [resident('busy', { inFlight: 1 })], one, null)).toMatchObject({
      verdict: 'wait',
      reason: 'Waiting until busy are idle.',
    });
    const pinned = place(wanted, [resident('kept', { pinned: true })], one, null);
    expect(pinned.verdict).toBe('refuse');
    expect(pinned.reason).toContain('1 pinned');
  });

  it('does not count the wanted model against itself', () => {
    expect(place(wanted, [resident('new', { state: 'error' })], { ...roomy, modelsMax: 1 }, null).verdict).toBe(
      'admit',
    );
  });
});

describe('placement, whatever is in memory', () => {
  const everywhere = (check: (verdict: ReturnType<typeof place>, others: Resident[], room: Room) => void) =>
    holds(
      fc.property(anyWanted, anyResidents, anyLimits, anyAvailable, (want, residents, limits, available) => {
        const others = residents.filter(({ id }) => id !== want.id);
        const fitsWith = (kept: readonly Resident[]) =>
          fits(
            want,
            kept,
            others.filter((model) => !kept.includes(model)),
            limits,
            available,
          );
        check(place(want, residents, limits, available), others, { fitsWith, available });
      }),
      1000,
    );
  interface Room {
    fitsWith(kept: readonly Resident[]): boolean;
    available: number | null;
  }
  const isIdle = ({ state, inFlight, pinned }: Resident) =>
    inFlight === 0 && !pinned && (state === 'loaded' || state === 'error');

  it('never evicts a busy, pinned, loading or stopping one', () => {
    everywhere((placement, others) => {
      if (placement.verdict !== 'evict') return;
      expect(placement.ids.length).toBeGreaterThan(0);
      for (const id of placement.ids) {
        expect(others.find((other) => other.id === id)).toSatisfy(isIdle);
      }
    });
  });

  it('admits exactly when all fit at once', () => {
    everywhere((placement, others, { fitsWith }) => {
      expect(placement.verdict === 'admit').toBe(fitsWith(others));
    });
  });

  it('evicts a prefix of the least recently used, no longer than needed', () => {
    everywhere((placement, others, { fitsWith }) => {
      if (placement.verdict !== 'evict') return;
      const idle = others.filter(isIdle).toSorted((a, b) => a.lastUsedAt - b.lastUsedAt);
      expect(placement.ids).toEqual(idle.slice(0, placement.ids.length).map(({ id }) => id));
      const staying = others.filter(({ state }) => state !== 'stopping');
      for (let taken = 0; taken <= placement.ids.length; taken += 1) {
        const kept = staying.filter((model) => !idle.slice(0, taken).includes(model));
        expect(fitsWith(kept)).toBe(taken === placement.ids.length);
      }
    });
  });

  it('refuses exactly when it would not fit even with every unpinned one gone', () => {
    everywhere((placement, others, { fitsWith }) => {
      const unmovable = others.filter(({ pinned, state }) => pinned && state !== 'stopping');
      expect(placement.verdict === 'refuse').toBe(!fitsWith(unmovable));
    });
  });

  it('gives a reason, with the arithmetic whenever memory is known', () => {
    everywhere(({ reason }, _, { available }) => {
      expect(reason.length).toBeGreaterThan(0);
      expect(reason).toSatisfy(
        (text: string) => available === null || /needs [\d.]+ GiB; [\d.]+ GiB are free/.test(text),
      );
      expect(reason).not.toMatch(/Infinity|NaN|undefined/);
    });
  });
});
