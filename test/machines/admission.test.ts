import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planAdmissions } from '../../machines/admission.ts';
import type { AdmissionState, Pending, PresentModel } from '../../machines/admission.ts';
import { inRam } from '../../machines/devices.ts';
import { roomFor } from '../../machines/placement.ts';
import { holds } from './support/holds.ts';
import { GIB, anyAvailable, anyLimits, anyResidents, anyWanted, limitsOf, resident } from './support/residents.ts';

type Parts = Partial<Pending & Pending['policy']> & { bytes?: number };
let serial = 0;
const request = (id: string, { bytes = GIB, pinned = false, group = null, ...parts }: Parts = {}): Pending => ({
  id,
  requestId: `load-${id}`,
  needs: inRam(bytes),
  takes: inRam(bytes),
  by: 'test',
  at: 100,
  demand: false,
  policy: { pinned, group, priority: 0, ttlMs: null },
  serial: (serial += 1),
  impatient: false,
  evicted: [],
  ...parts,
});

const state = (parts: Partial<AdmissionState> = {}): AdmissionState => ({
  pending: [],
  residents: [],
  limits: limitsOf(2),
  available: null,
  engine: { state: 'ready', problem: null },
  router: 'usable',
  ...parts,
});

const present = (id: string, parts: Partial<PresentModel> = {}): PresentModel => ({
  ...resident(id, parts),
  retrying: false,
  clear: true,
  ...parts,
});
const kinds = (now: AdmissionState) => planAdmissions(now).steps.map((step) => step.kind);

describe('admission by example', () => {
  it('loads in the order of asking while there is room', () => {
    const plan = planAdmissions(state({ pending: [request('a'), request('b'), request('c')] }));
    expect(plan.steps).toMatchObject([
      { kind: 'load', request: { id: 'a' } },
      { kind: 'load', request: { id: 'b' } },
    ]);
    expect(plan.pending.map(({ id }) => id)).toEqual(['c']);
    expect(plan.waits[0]?.reason).toContain('Waiting until a is idle.');
  });

  it('lets nobody overtake who would take what the one that waits needs, small as it may be', () => {
    const now = state({
      pending: [request('big', { bytes: 8 * GIB }), request('small', { bytes: 1 })],
      residents: [present('busy', { inFlight: 1 })],
      available: inRam(4 * GIB),
    });
    expect(planAdmissions(now)).toMatchObject({ steps: [], pending: [{ id: 'big' }, { id: 'small' }] });
    expect(planAdmissions(now).waits[1]).toMatchObject({ cause: 'behind big' });
  });

  it('lets one overtake that takes nothing of it, whoever of the busy ones leaves', () => {
    const now = state({
      pending: [request('big', { bytes: 8 * GIB }), request('small', { bytes: GIB })],
      residents: [present('busy', { inFlight: 1 })],
      limits: limitsOf(9),
      available: inRam(5 * GIB),
    });
    expect(planAdmissions(now)).toMatchObject({
      steps: [{ kind: 'load', request: { id: 'small' } }],
      pending: [{ id: 'big' }],
    });
    const onOtherDevice = { needs: { ram: 0, gpus: [0, GIB] }, takes: { ram: 0, gpus: [0, GIB] } };
    const full = { ...now, pending: [request('big', { bytes: 9 * GIB }), request('small', onOtherDevice)] };
    expect(planAdmissions({ ...full, available: { ram: 5 * GIB, gpus: [0, 2 * GIB] } })).toMatchObject({
      steps: [{ kind: 'load', request: { id: 'small' } }],
    });
  });

  it('swaps side by side what does not touch each other', () => {
    const now = state({
      pending: [request('new'), request('next')],
      residents: [present('old', { lastUsedAt: 1 }), present('used', { lastUsedAt: 2 })],
    });
    const plan = planAdmissions(now);
    expect(plan.steps).toMatchObject([
      { kind: 'evict', id: 'old', for: 'new' },
      { kind: 'evict', id: 'used', for: 'next' },
    ]);
    expect(plan.pending).toHaveLength(2);
  });

  it('holds first whoever may still be handed something, and evicts once that is out of the question', () => {
    const now = { pending: [request('new')], limits: limitsOf(1) };
    expect(kinds(state({ ...now, residents: [present('old', { clear: false })] }))).toEqual(['hold']);
    expect(kinds(state({ ...now, residents: [present('old', { yielding: true, inFlight: 3 })] }))).toEqual(['evict']);
  });

  it('makes busy ones yield to the impatient, but only after they have served for a quantum', () => {
    const plan = (impatient: boolean, mayYield: boolean) =>
      planAdmissions(
        state({
          pending: [request('new', { impatient })],
          limits: limitsOf(1),
          residents: [present('busy', { inFlight: 1, clear: false, mayYield })],
        }),
      ).steps;
    expect([plan(false, true), plan(true, false)]).toEqual([[], []]);
    expect(plan(true, true)).toMatchObject([{ kind: 'hold', id: 'busy', for: 'new', fair: true }]);
  });

  it('answers loads of what is there already, whatever the limits', () => {
    const now = state({
      pending: [request('a'), request('b')],
      residents: [present('a'), present('b', { state: 'loading' })],
      limits: limitsOf(1),
    });
    expect(planAdmissions(now)).toMatchObject({ steps: [{ kind: 'load' }, { kind: 'load' }], waits: [] });
  });

  it('evicts another than the one that was asked for just before', () => {
    const now = state({
      pending: [request('asked', { at: 9 }), request('new')],
      residents: [present('asked', { lastUsedAt: 1 }), present('idle', { lastUsedAt: 2 })],
    });
    expect(planAdmissions(now).steps).toMatchObject([{ kind: 'load' }, { kind: 'evict', id: 'idle' }]);
  });

  it('waits for the model itself to leave before it is loaded again, also when it was chosen to leave', () => {
    const leaving = planAdmissions(
      state({ pending: [request('a')], residents: [present('a', { state: 'stopping' })] }),
    );
    expect(leaving).toMatchObject({ steps: [], waits: [{ reason: 'Waiting for a to leave first.' }] });
    const chosen = state({
      pending: [request('new'), request('a')],
      limits: limitsOf(1),
      residents: [present('a', { yielding: true, clear: false })],
    });
    expect(planAdmissions(chosen)).toMatchObject({ steps: [{ kind: 'hold', id: 'a' }], pending: [{}, { id: 'a' }] });
  });

  it('lets two requests for one model wait as one', () => {
    const now = state({
      pending: [request('a'), request('a')],
      limits: limitsOf(1),
      residents: [present('old', { clear: false })],
    });
    expect(planAdmissions(now)).toMatchObject({ steps: [{ kind: 'hold' }], waits: [{}, { cause: 'for old' }] });
  });

  it('goes on with the next when the head is refused, with the numbers', () => {
    const now = state({ pending: [request('huge', { bytes: 99 * GIB }), request('a')], available: inRam(2 * GIB) });
    expect(planAdmissions(now)).toMatchObject({
      steps: [
        {
          kind: 'refuse',
          request: { id: 'huge' },
          refusal: { code: 'DOES_NOT_FIT', details: { required: { ram: 99 * GIB }, short: { ram: 97 * GIB } } },
        },
        { kind: 'load', request: { id: 'a' } },
      ],
      pending: [],
    });
  });

  it('grants what is wanted beyond the least, as far as it is free', () => {
    const wish = { needs: inRam(GIB), takes: inRam(8 * GIB) };
    const bytes = (available: number | null) =>
      planAdmissions(state({ pending: [request('a', wish)], available: available === null ? null : inRam(available) }))
        .steps;
    expect(bytes(5 * GIB)).toMatchObject([{ bytes: { ram: 5 * GIB } }]);
    expect(bytes(null)).toMatchObject([{ bytes: { ram: 8 * GIB } }]);
  });

  it('counts a failed model only while it is tried again', () => {
    const failed = present('failed', { state: 'error', inFlight: 1 });
    const now = { pending: [request('a')], limits: limitsOf(1) };
    expect(kinds(state({ ...now, residents: [failed] }))).toEqual(['load']);
    expect(kinds(state({ ...now, residents: [{ ...failed, retrying: true }] }))).toEqual([]);
  });

  it('keeps a pinned model that it has just admitted', () => {
    const now = state({ pending: [request('kept', { pinned: true }), request('other')], limits: limitsOf(1) });
    expect(kinds(now)).toEqual(['load', 'refuse']);
  });

  it('waits for the engine, and refuses everybody when there is none or the router is stopped', () => {
    const pending = [request('a'), request('b', { requestId: null, demand: true })];
    const waiting = planAdmissions(state({ pending, engine: { state: 'waiting', problem: null } }));
    expect(waiting).toMatchObject({ steps: [], pending });
    expect(waiting.waits[0]?.reason).toContain('llama-server');

    const missing = planAdmissions(state({ pending, engine: { state: 'missing', problem: 'None was found.' } }));
    const refusal = { code: 'ENGINE_MISSING', message: 'None was found.' };
    expect(missing).toMatchObject({ steps: [{ refusal }, { refusal }], pending: [], waits: [] });

    const stopped = planAdmissions(state({ pending, engine: { state: 'waiting', problem: null }, router: 'stopped' }));
    expect(stopped.steps).toMatchObject([
      { refusal: { code: 'INVALID_STATE' } },
      { refusal: { code: 'INVALID_STATE' } },
    ]);
  });
});

const anyState: fc.Arbitrary<AdmissionState> = fc.record({
  pending: fc.array(
    fc
      .tuple(
        anyWanted,
        fc.record({
          id: fc.constantFrom('a', 'b', 'x', 'y', 'constructor', '__proto__'),
          requestId: fc.option(fc.string({ maxLength: 3 })),
          at: fc.integer({ min: 0, max: 9 }),
          demand: fc.boolean(),
          pinned: fc.boolean(),
          impatient: fc.boolean(),
        }),
      )
      .map(([{ needs, group }, { id, pinned, ...parts }]) =>
        request(id, { needs, takes: needs, group, pinned, ...parts }),
      ),
    { maxLength: 6 },
  ),
  residents: anyResidents.chain((residents) =>
    fc.tuple(
      ...residents.map((model) =>
        fc.record({ retrying: fc.boolean(), clear: fc.boolean() }).map((rest) => ({ ...model, ...rest })),
      ),
    ),
  ),
  limits: anyLimits,
  available: anyAvailable,
  engine: fc.record({
    state: fc.oneof({ weight: 8, arbitrary: fc.constant('ready' as const) }, fc.constantFrom('waiting', 'missing')),
    problem: fc.constant(null),
  }),
  router: fc.oneof({ weight: 8, arbitrary: fc.constant('usable' as const) }, fc.constant('stopped' as const)),
});

describe('admission, whatever waits', () => {
  const everywhere = (check: (now: AdmissionState, plan: ReturnType<typeof planAdmissions>) => void) =>
    holds(
      fc.property(anyState, (now) => {
        check(now, planAdmissions(now));
      }),
      1000,
    );
  const occupied = (now: AdmissionState) =>
    now.residents.filter(({ state: at, retrying }) => at !== 'error' || retrying);

  it('deals with each request once, and keeps the order of those that wait', () => {
    everywhere((now, { steps, pending }) => {
      const decided = new Set(steps.flatMap((step) => ('request' in step ? [step.request] : [])));
      expect(decided.size + pending.length).toBe(now.pending.length);
      expect(pending).toEqual(now.pending.filter((one) => !decided.has(one)));
    });
  });

  it('says of each why it waits', () => {
    everywhere((_, { pending, waits }) => {
      expect(waits.map((one) => one.serial)).toEqual(pending.map((one) => one.serial));
      for (const { reason, cause } of waits) expect(Math.min(reason.length, cause.length)).toBeGreaterThan(0);
    });
  });

  it('never brings the number of models above the limit, nor one beside a group that keeps to itself', () => {
    everywhere((now, { steps }) => {
      const there = new Map(occupied(now).map(({ id, group }) => [id, group]));
      for (const step of steps) {
        if (step.kind !== 'load' || there.has(step.request.id)) continue;
        const { group } = step.request.policy;
        for (const other of there.values())
          if (other !== group && now.limits.exclusiveGroups.length > 0) expect([other, group]).not.toContain('alone');
        there.set(step.request.id, group);
        expect(there.size).toBeLessThanOrEqual(now.limits.modelsMax);
      }
    });
  });

  it('evicts nobody pinned, nobody busy that does not yield, and nobody before all that leave with it are clear', () => {
    everywhere((now, { steps }) => {
      for (const step of steps) {
        if (step.kind !== 'evict' && step.kind !== 'hold') continue;
        const model = now.residents.find(({ id }) => id === step.id) as PresentModel;
        expect(model.pinned).toBe(false);
        if (step.kind === 'evict') expect(model.clear).toBe(true);
        const forIt = now.pending.find(({ id }) => id === step.for);
        if (model.inFlight > 0 && !model.yielding) expect(forIt?.impatient === true && model.mayYield).toBe(true);
      }
    });
  });

  it('asks nobody to leave for two requests', () => {
    everywhere((_, { steps }) => {
      const ids = steps.flatMap((step) => (step.kind === 'evict' || step.kind === 'hold' ? [step.id] : []));
      expect(new Set(ids).size).toBe(ids.length);
    });
  });

  it('lets nobody overtake who could delay the head, whoever leaves first', () => {
    everywhere((now, { steps, pending, waits }) => {
      const head = pending[0];
      const wait = waits[0];
      if (head === undefined || wait === undefined || !wait.cause.startsWith('for ')) return;
      const world = occupied(now);
      const gate = { id: head.id, needs: head.needs, group: head.policy.group };
      const later = steps.flatMap((step) => (step.kind === 'load' && step.request.serial > head.serial ? [step] : []));
      const overtakers = later.filter(({ request: { id } }) => !world.some((model) => model.id === id));
      const taken = overtakers.map(({ request: one, bytes }) =>
        resident(one.id, { state: 'loading', bytes, group: one.policy.group, pinned: true }),
      );
      const chosen = steps.flatMap((step) =>
        (step.kind === 'evict' || step.kind === 'hold') && step.for === head.id ? [step.id] : [],
      );
      const before = now.pending.filter((one) => one.serial < head.serial).map(({ id }) => id);
      // Who was admitted ahead of the head is no overtaker, but it is there.
      if (steps.some((step) => step.kind === 'load' && before.includes(step.request.id))) return;
      const without = roomFor(gate, world, now.limits, now.available);
      const withThem = roomFor(gate, [...world, ...taken], now.limits, now.available);
      const movable = without.others.filter(({ pinned, state: at }) => !pinned && at !== 'stopping');
      const leaving = without.others.filter(({ state: at }) => at === 'stopping');
      for (let set = 0; set < 2 ** movable.length; set += 1) {
        const gone = [...leaving, ...movable.filter((_, nth) => (set >> nth) % 2 === 1)];
        // What was decided for the head will leave in any case.
        if (chosen.some((id) => !gone.some((model) => model.id === id))) continue;
        if (without.fitsWithout(gone)) expect(withThem.fitsWithout(gone)).toBe(true);
      }
    });
  });

  it('loads nothing without engine or router', () => {
    everywhere((now, { steps }) => {
      if (now.engine.state === 'ready' && now.router === 'usable') return;
      expect(steps.filter(({ kind }) => kind !== 'refuse')).toEqual([]);
    });
  });
});
