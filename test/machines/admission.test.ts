import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planAdmissions } from '../../machines/admission.ts';
import type { AdmissionState, LoadRequest } from '../../machines/admission.ts';
import { holds } from './support/holds.ts';
import { GIB, anyAvailable, anyLimits, anyResidents, resident } from './support/residents.ts';

const request = (id: string, parts: Partial<LoadRequest> = {}): LoadRequest => ({
  id,
  requestId: `load-${id}`,
  bytes: GIB,
  by: 'test',
  at: 100,
  demand: false,
  pinned: false,
  ...parts,
});

const state = (parts: Partial<AdmissionState> = {}): AdmissionState => ({
  pending: [],
  residents: [],
  limits: { modelsMax: 2, reserveBytes: 0 },
  availableBytes: null,
  engine: { state: 'ready', problem: null },
  router: 'usable',
  ...parts,
});

const present = (...args: Parameters<typeof resident>) => ({ ...resident(...args), retrying: false });
const kinds = (now: AdmissionState) => planAdmissions(now).steps.map((step) => step.kind);

describe('admission by example', () => {
  it('loads in the order of asking while there is room', () => {
    const plan = planAdmissions(state({ pending: [request('a'), request('b'), request('c')] }));
    expect(plan.steps).toMatchObject([
      { kind: 'load', request: { id: 'a' } },
      { kind: 'load', request: { id: 'b' } },
    ]);
    expect(plan.pending.map(({ id }) => id)).toEqual(['c']);
    expect(plan.waiting).toBe('Waiting until a, b are idle.');
  });

  it('lets nobody overtake the one that waits, small as it may be', () => {
    const now = state({
      pending: [request('big', { bytes: 8 * GIB }), request('small', { bytes: 1 })],
      residents: [present('busy', { inFlight: 1 })],
      availableBytes: 5 * GIB,
    });
    expect(planAdmissions(now)).toMatchObject({ steps: [], pending: [{ id: 'big' }, { id: 'small' }] });
  });

  it('answers loads of what is there already, whatever the limits', () => {
    const now = state({
      pending: [request('a'), request('b')],
      residents: [present('a'), present('b', { state: 'loading' })],
      limits: { modelsMax: 1, reserveBytes: 0 },
    });
    expect(planAdmissions(now)).toMatchObject({ steps: [{ kind: 'load' }, { kind: 'load' }], waiting: null });
  });

  it('evicts for the head only, and keeps it in the queue until the other has left', () => {
    const now = state({
      pending: [request('new'), request('next')],
      residents: [present('old', { lastUsedAt: 1 }), present('used', { lastUsedAt: 2 })],
    });
    const plan = planAdmissions(now);
    expect(plan.steps).toMatchObject([{ kind: 'evict', id: 'old', for: 'new' }]);
    expect(plan.pending).toHaveLength(2);
  });

  it('evicts another than the one that was asked for just before', () => {
    const now = state({
      pending: [request('asked', { at: 9 }), request('new')],
      residents: [present('asked', { lastUsedAt: 1 }), present('idle', { lastUsedAt: 2 })],
    });
    expect(planAdmissions(now).steps).toMatchObject([{ kind: 'load' }, { kind: 'evict', id: 'idle' }]);
  });

  it('waits for the model itself to leave before it is loaded again', () => {
    const plan = planAdmissions(state({ pending: [request('a')], residents: [present('a', { state: 'stopping' })] }));
    expect(plan).toMatchObject({ steps: [], waiting: 'Waiting for a to leave first.' });
  });

  it('goes on with the next when the head is refused', () => {
    const now = state({ pending: [request('huge', { bytes: 99 * GIB }), request('a')], availableBytes: 2 * GIB });
    expect(planAdmissions(now)).toMatchObject({
      steps: [
        { kind: 'refuse', request: { id: 'huge' }, refusal: { code: 'DOES_NOT_FIT' } },
        { kind: 'load', request: { id: 'a' } },
      ],
      pending: [],
    });
  });

  it('counts a failed model only while it is tried again', () => {
    const failed = present('failed', { state: 'error', inFlight: 1 });
    const now = { pending: [request('a')], limits: { modelsMax: 1, reserveBytes: 0 } };
    expect(kinds(state({ ...now, residents: [failed] }))).toEqual(['load']);
    expect(kinds(state({ ...now, residents: [{ ...failed, retrying: true }] }))).toEqual([]);
  });

  it('keeps a pinned model that it has just admitted', () => {
    const now = state({
      pending: [request('kept', { pinned: true }), request('other')],
      limits: { modelsMax: 1, reserveBytes: 0 },
    });
    expect(kinds(now)).toEqual(['load', 'refuse']);
  });

  it('waits for the engine, and refuses everybody when there is none or the router is stopped', () => {
    const pending = [request('a'), request('b', { requestId: null, demand: true })];
    const waiting = planAdmissions(state({ pending, engine: { state: 'waiting', problem: null } }));
    expect(waiting).toMatchObject({ steps: [], pending });
    expect(waiting.waiting).toContain('llama-server');

    const missing = planAdmissions(state({ pending, engine: { state: 'missing', problem: 'None was found.' } }));
    const refusal = { code: 'ENGINE_MISSING', message: 'None was found.' };
    expect(missing).toMatchObject({ steps: [{ refusal }, { refusal }], pending: [], waiting: null });

    const stopped = planAdmissions(state({ pending, engine: { state: 'waiting', problem: null }, router: 'stopped' }));
    expect(stopped.steps).toMatchObject([
      { refusal: { code: 'INVALID_STATE' } },
      { refusal: { code: 'INVALID_STATE' } },
    ]);
  });
});

const anyState: fc.Arbitrary<AdmissionState> = fc.record({
  pending: fc.array(
    fc.record({
      id: fc.constantFrom('a', 'b', 'x', 'y', 'constructor', '__proto__'),
      requestId: fc.option(fc.string({ maxLength: 3 })),
      bytes: fc.integer({ min: 0, max: 20 * GIB }),
      by: fc.constant('test'),
      at: fc.integer({ min: 0, max: 9 }),
      demand: fc.boolean(),
      pinned: fc.boolean(),
    }),
    { maxLength: 6 },
  ),
  residents: anyResidents.chain((residents) =>
    fc.tuple(...residents.map((model) => fc.boolean().map((retrying) => ({ ...model, retrying })))),
  ),
  limits: anyLimits,
  availableBytes: anyAvailable,
  engine: fc.record({ state: fc.constantFrom('waiting', 'ready', 'missing'), problem: fc.constant(null) }),
  router: fc.constantFrom('usable', 'stopped'),
});

describe('admission, whatever waits', () => {
  const everywhere = (check: (now: AdmissionState, plan: ReturnType<typeof planAdmissions>) => void) =>
    holds(
      fc.property(anyState, (now) => {
        check(now, planAdmissions(now));
      }),
      1000,
    );

  it('deals with each request once and in order: those decided come first, the rest still waits', () => {
    everywhere((now, { steps, pending }) => {
      const decided = steps.flatMap((step) => (step.kind === 'evict' ? [] : [step.request]));
      expect([...decided, ...pending]).toEqual(now.pending);
    });
  });

  it('says why the head waits, and only then', () => {
    everywhere((_, { pending, waiting }) => expect(waiting !== null && waiting.length > 0).toBe(pending.length > 0));
  });

  it('never brings the number of models above the limit', () => {
    everywhere((now, { steps }) => {
      const occupied = new Set(
        now.residents.filter(({ state: at, retrying }) => at !== 'error' || retrying).map(({ id }) => id),
      );
      for (const step of steps) {
        if (step.kind !== 'load') continue;
        const grows = !occupied.has(step.request.id);
        occupied.add(step.request.id);
        if (grows) expect(occupied.size).toBeLessThanOrEqual(now.limits.modelsMax);
      }
    });
  });

  it('evicts nobody busy or pinned, and only for the head', () => {
    everywhere((now, { steps, pending }) => {
      for (const step of steps) {
        if (step.kind !== 'evict') continue;
        expect(step.for).toBe(pending[0]?.id);
        expect(now.residents.find(({ id }) => id === step.id)).toMatchObject({ inFlight: 0, pinned: false });
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
