import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceBytes } from '../../machines/devices.ts';
import { place } from '../../machines/placement.ts';
import type { PlacementLimits, Resident, Wanted } from '../../machines/placement.ts';
import { holds } from './support/holds.ts';
import { GIB, anyAvailable, anyLimits, anyResidents, anyWanted, limitsOf, resident } from './support/residents.ts';

const GIBS = (n: number): DeviceBytes => ({ ram: n * GIB, gpus: [] });
const wanted = { id: 'new', needs: GIBS(4), group: null };
const roomy = limitsOf(8, { reserve: { ram: GIB, gpu: GIB } });

const isApart = (a: string | null, b: string | null, limits: PlacementLimits): boolean =>
  a !== b && limits.exclusiveGroups.some((group) => group === a || group === b);

/** What is missing if only `kept` stayed and everybody else had left. Written apart from the product, device by device. */
const fits = (
  want: Wanted,
  kept: readonly Resident[],
  gone: readonly Resident[],
  limits: PlacementLimits,
  available: DeviceBytes | null,
): boolean => {
  if (kept.length + 1 > limits.modelsMax) return false;
  if (kept.some(({ group }) => isApart(want.group, group, limits))) return false;
  if (available === null) return true;
  // Those that have not taken their memory yet will do so; those that have give it back when they go.
  const toCome = kept.filter(({ state }) => state === 'loading' || state === 'error');
  const givenBack = gone.filter(({ state }) => state === 'loaded' || state === 'stopping');
  return [0, 1, 2].every((device) => {
    const on = ({ ram, gpus }: DeviceBytes): number => (device === 0 ? ram : (gpus[device - 1] ?? 0));
    const bytes = (models: readonly Resident[]) => models.reduce((total, model) => total + on(model.bytes), 0);
    const reserve = device === 0 ? limits.reserve.ram : limits.reserve.gpu;
    return on(want.needs) === 0 || on(available) - reserve - bytes(toCome) + bytes(givenBack) >= on(want.needs);
  });
};

describe('placement by example', () => {
  it('admits while there is room, and says the numbers', () => {
    const placement = place(wanted, [resident('old')], roomy, GIBS(6));
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
    expect(place(wanted, residents, roomy, GIBS(1))).toMatchObject({ verdict: 'evict', ids: ['failed', 'idle'] });
    expect(place(wanted, [residents[0] as Resident], roomy, GIBS(1)).verdict).toBe('refuse');
  });

  it('reserves the memory of a model that is still loading', () => {
    expect(place(wanted, [resident('loading', { state: 'loading' })], roomy, GIBS(9)).verdict).toBe('admit');
    expect(place(wanted, [resident('loading', { state: 'loading' })], roomy, GIBS(8)).verdict).toBe('wait');
  });

  it('waits for one that is leaving rather than evicting another', () => {
    const residents = [resident('leaving', { state: 'stopping' }), resident('idle')];
    const placement = place(wanted, residents, { ...roomy, modelsMax: 2 }, null);
    expect(placement).toMatchObject({ verdict: 'wait', waitsFor: ['leaving'] });
  });

  it('waits for a busy one and refuses for a pinned one', () => {
    const one = { ...roomy, modelsMax: 1 };
    expect(place(wanted, [resident('busy', { inFlight: 1 })], one, null)).toMatchObject({
      verdict: 'wait',
      waitsFor: ['busy'],
    });
    const pinned = place(wanted, [resident('kept', { pinned: true })], one, null);
    expect(pinned.verdict).toBe('refuse');
    expect(pinned.reason).toContain('1 pinned');
  });

  it('spares whoever need not leave, the most deserving first', () => {
    const residents = [
      resident('small', { bytes: GIBS(1), lastUsedAt: 1 }),
      resident('large', { bytes: GIBS(4), lastUsedAt: 2 }),
    ];
    expect(place(wanted, residents, roomy, GIBS(1))).toMatchObject({ verdict: 'evict', ids: ['large'] });
  });

  it('lets lower priority leave first, whatever was used last', () => {
    const residents = [resident('dear', { priority: 1, lastUsedAt: 1 }), resident('cheap', { lastUsedAt: 2 })];
    const placement = place(wanted, residents, limitsOf(2), null);
    expect(placement).toMatchObject({ verdict: 'evict', ids: ['cheap'] });
    expect(placement.reason).toContain('of lower priority');
  });

  it('adds up no two devices, and frees only the one that is short', () => {
    const onGpu = { ...wanted, needs: { ram: GIB, gpus: [0, 4 * GIB] } };
    const residents = [
      resident('first', { bytes: { ram: 0, gpus: [9 * GIB] }, lastUsedAt: 1 }),
      resident('second', { bytes: { ram: 0, gpus: [0, 3 * GIB] }, lastUsedAt: 2 }),
    ];
    const placement = place(onGpu, residents, limitsOf(8), { ram: 99 * GIB, gpus: [9 * GIB, 2 * GIB] });
    expect(placement).toMatchObject({ verdict: 'evict', ids: ['second'], details: { short: { gpus: [0, 2 * GIB] } } });
    expect(placement.reason).toContain('4.00 GiB (GPU 1)');
  });

  it('keeps a group that shares with nobody apart from all others, and its own together', () => {
    const limits = limitsOf(8, { exclusiveGroups: ['big'] });
    const residents = [resident('one', { group: 'big' }), resident('other')];
    expect(place({ ...wanted, group: 'big' }, residents, limits, null)).toMatchObject({
      verdict: 'evict',
      ids: ['other'],
      details: { conflicts: ['other'] },
    });
    expect(place(wanted, residents, limits, null)).toMatchObject({ verdict: 'evict', ids: ['one'] });
    const pinned = place(wanted, [resident('one', { group: 'big', pinned: true })], limits, null);
    expect(pinned).toMatchObject({
      verdict: 'refuse',
      reason: expect.stringContaining('not loaded together with one'),
    });
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
    available: DeviceBytes | null;
  }
  const isIdle = ({ state, inFlight, pinned, yielding }: Resident) =>
    (inFlight === 0 || yielding) && !pinned && (state === 'loaded' || state === 'error');

  it('never evicts a busy (that does not yield), pinned, loading or stopping one', () => {
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

  it('evicts enough, and nobody who need not leave', () => {
    everywhere((placement, others, { fitsWith }) => {
      if (placement.verdict !== 'evict') return;
      const staying = others.filter(({ state }) => state !== 'stopping');
      const keptWithout = (ids: readonly string[]) => staying.filter(({ id }) => !ids.includes(id));
      expect(fitsWith(keptWithout(placement.ids))).toBe(true);
      for (const spared of placement.ids)
        expect(fitsWith(keptWithout(placement.ids.filter((id) => id !== spared)))).toBe(false);
    });
  });

  it('waits only for models whose leaving is enough, and for nobody pinned', () => {
    everywhere((placement, others, { fitsWith }) => {
      if (placement.verdict !== 'wait') return;
      expect(placement.waitsFor.length).toBeGreaterThan(0);
      const kept = others.filter(({ id, state }) => !placement.ids.includes(id) && state !== 'stopping');
      expect(fitsWith(kept)).toBe(true);
      for (const id of placement.ids) expect(others.find((other) => other.id === id)?.pinned).toBe(false);
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
      expect(reason).toSatisfy((text: string) => available === null || /needs [\d.]+ [GM]iB.* are free/.test(text));
      expect(reason).not.toMatch(/Infinity|NaN|undefined/);
    });
  });
});
