/** Two models and memory for one: whoever is busy all the time lets the other have its turn, and nothing is broken off for it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holds } from './support/holds.ts';
import { limitsOf } from './support/residents.ts';
import { startSupervisor } from './support/supervisor.ts';
import { createTraffic } from './support/traffic.ts';

const QUANTUM_MS = 10_000;
/** Steps of the simulated router between a cause and what follows from it. */
const SLACK_MS = 1500;
const startWorld = (modelsMax = 1) => startSupervisor({ placement: limitsOf(modelsMax, { quantumMs: QUANTUM_MS }) });

const anyTraffic = fc.record({
  lastsMs: fc.integer({ min: 100, max: 6000 }),
  loadMs: fc.integer({ min: 0, max: 15_000 }),
  stopMs: fc.integer({ min: 0, max: 1000 }),
});

describe('fairness', () => {
  it('serves one request for B within a bound while requests for A never cease, and A again after it', () => {
    holds(
      fc.property(anyTraffic, fc.integer({ min: 0, max: 300 }), (traffic, arrival) => {
        const world = startWorld();
        const router = createTraffic(world, traffic);
        const { lastsMs, loadMs, stopMs } = traffic;
        router.run(90_000, (step) => {
          if (step % 3 === 0) router.arrive('a');
          if (step === arrival) router.arrive('b');
        });
        const [b] = router.waits.filter(({ id }) => id === 'b');
        // At worst A has just begun to load: it loads, serves its quantum, ends what it answers and leaves.
        expect(b?.ms).toBeLessThanOrEqual(loadMs + QUANTUM_MS + lastsMs + stopMs + loadMs + SLACK_MS);
        const longest = Math.max(...router.waits.map(({ ms }) => ms));
        expect(longest).toBeLessThanOrEqual(2 * (loadMs + stopMs + lastsMs + QUANTUM_MS) + SLACK_MS);
        expect(router.cuts).toEqual([]);
      }),
      40,
    );
  });

  it('takes turns when neither ceases, each serving a quantum at least, and breaks nothing off', () => {
    holds(
      // Requests overlap, so that no model is ever idle of itself.
      fc.property(anyTraffic, fc.integer({ min: 600, max: 6000 }), (traffic, lastsMs) => {
        const world = startWorld();
        const router = createTraffic(world, { ...traffic, lastsMs });
        const { loadMs, stopMs } = traffic;
        router.run(150_000, (step) => {
          if (step % 4 === 0) router.arrive('a');
          if (step % 4 === 2) router.arrive('b');
        });
        const turn = loadMs + QUANTUM_MS + lastsMs + stopMs + SLACK_MS;
        for (const id of ['a', 'b']) {
          const own = router.waits.filter((wait) => wait.id === id);
          expect(Math.max(...own.map(({ ms }) => ms))).toBeLessThanOrEqual(2 * turn + loadMs);
          expect(own.length).toBeGreaterThan(50);
        }
        expect(router.cuts).toEqual([]);
        expect(world.decisions('yielded').slice(0, 4)).toEqual(['a', 'b', 'a', 'b']);
        // No more swaps than quanta.
        expect(world.decisions('admitted').length).toBeLessThanOrEqual(2 + 150_000 / QUANTUM_MS);
      }),
      25,
    );
  });

  it('makes nobody yield before the quantum, and nobody at all when there is room', () => {
    const world = startWorld();
    const router = createTraffic(world, { lastsMs: 1000, loadMs: 0, stopMs: 0 });
    const stream = (step: number) => step % 3 === 0 && router.arrive('a');
    router.run(20_000, (step) => void stream(step));
    router.arrive('b');
    router.run(9000, (step) => void stream(step));
    expect(world.held.size).toBe(0);
    router.run(4000, (step) => void stream(step));
    expect(router.waits.filter(({ id }) => id === 'b')).toHaveLength(1);

    const roomy = startWorld(2);
    const both = createTraffic(roomy, { lastsMs: 1000, loadMs: 0, stopMs: 0 });
    both.run(60_000, () => ['a', 'b'].forEach((id) => both.arrive(id)));
    expect(roomy.decisions('yielded')).toEqual([]);
  });

  it('lets a model go on that was to yield, when nobody waits for its room any more', () => {
    const world = startWorld();
    world.load('a');
    world.ready('a');
    world.use('a', 1);
    world.simulated.increment(QUANTUM_MS);
    world.load('b');
    world.simulated.increment(QUANTUM_MS);
    expect([...world.held]).toEqual(['a']);
    world.send({ type: 'models.cancel', id: 'b', requestId: 'load-b' });
    expect([...world.held]).toEqual([]);
    expect(world.stateOf('a')).toBe('loaded');
  });

  it('evicts nobody before the router has said that it hands out nothing more', () => {
    const world = startWorld();
    world.deaf.add('a');
    world.load('a');
    world.ready('a');
    world.load('b');
    expect([world.stateOf('a'), [...world.held]]).toEqual(['loaded', ['a']]);
    // A request had slipped in: it is answered first.
    world.deaf.delete('a');
    world.use('a', 1);
    expect(world.stateOf('a')).toBe('loaded');
    world.use('a', 0);
    expect(world.stateOf('a')).toBe('stopping');
    expect(world.decisions('evicted')).toEqual(['a']);
  });
});
