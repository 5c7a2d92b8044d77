/** Random commands and facts for a live supervisor, and what must hold after each of them. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { FailureCode } from '../../../machines/process.ts';
import { exited, limits, ready, spawned, stalled } from './facts.ts';
import { inRam } from '../../../machines/devices.ts';
import { GIB, limitsOf } from './residents.ts';
import type { LiveSupervisor } from './supervisor.ts';

/** `pinned` is always loaded as pinned; the others are not. */
const ids = ['a', 'b', '__proto__', 'pinned'];

/** What the test knows by itself. */
export interface Known {
  asked: string[];
  /** Requests in flight, and of which actor: one that is forgotten takes its requests with it. */
  inFlight: Map<string, { ref: unknown; requests: number }>;
  modelsMax: number;
  lowered: boolean;
}
type Act = (known: Known, world: LiveSupervisor) => void;
type Command = fc.Command<Known, LiveSupervisor>;

const living = ['loading', 'loaded', 'stopping'];

const check = (known: Known, world: LiveSupervisor): void => {
  const ended = world.root.getSnapshot().status !== 'active';
  const rows = Object.entries(world.context().rows);
  for (const [id, row] of rows) {
    const state = row.ref.getSnapshot().value;
    const { alive, most } = world.models.of(id).counts;
    expect(most, `processes of ${id}`).toBeLessThanOrEqual(1);
    expect(alive, `processes of ${id}`).toBe(!ended && living.includes(state) ? 1 : 0);
    if (!ended) expect(row.state, `what is believed of ${id}`).toBe(state);
  }
  const kept = new Set(rows.map(([id]) => id));
  for (const id of world.models.ids()) if (!kept.has(id)) expect(world.models.of(id).counts.alive).toBe(0);
  if (!known.lowered)
    expect(rows.filter(([, { state }]) => living.includes(state)).length).toBeLessThanOrEqual(known.modelsMax);
  expect(world.router.counts.most).toBeLessThanOrEqual(1);
  expect([...world.settled(), ...world.waiters()].toSorted()).toEqual(known.asked.toSorted());
};

/** A command does its act, and then everything is checked; who is evicted is checked at the moment it is decided. */
const command = (name: string, act: Act): Command => ({
  check: () => true,
  toString: () => name,
  run: (known, world) => {
    // One that has stopped for good hears nothing any more.
    if (world.root.getSnapshot().status !== 'active') return;
    const before = world.emitted.length;
    act(known, world);
    for (const event of world.emitted.slice(before)) {
      if (event.type !== 'decision.made' || event.kind !== 'evicted') continue;
      expect(event.modelId).not.toBe('pinned');
      const used = known.inFlight.get(event.modelId);
      if (used !== undefined && used.ref === world.row(event.modelId)?.ref)
        expect(used.requests, `requests of ${event.modelId}`).toBe(0);
    }
    check(known, world);
  },
});

const ask = (known: Known): string => {
  const requestId = `request-${known.asked.length}`;
  known.asked.push(requestId);
  return requestId;
};

const anyId = fc.constantFrom(...ids);
const anyBytes = fc.integer({ min: 0, max: 4 }).map((gib) => gib * GIB);
const anyExit = fc.constantFrom<FailureCode>('CRASHED', 'OUT_OF_MEMORY', 'CORRUPT_FILE', 'KILLED');
const of = <T>(name: string, arbitrary: fc.Arbitrary<T>, act: (value: T) => Act) =>
  arbitrary.map((value) => command(`${name} ${fc.stringify(value)}`, act(value)));

const weighted: { weight: number; arbitrary: fc.Arbitrary<Command> }[] = [
  {
    weight: 8,
    arbitrary: of(
      'load',
      fc.tuple(anyId, anyBytes, fc.option(anyBytes)),
      ([id, bytes, availableBytes]) =>
        (known, world) =>
          world.load(id, { requestId: ask(known), bytes, availableBytes, pinned: id === 'pinned' }),
    ),
  },
  { weight: 3, arbitrary: of('demand', anyId, (id) => (_, world) => world.demand(id, id === 'pinned')) },
  { weight: 4, arbitrary: of('unload', anyId, (id) => (known, world) => world.unload(id, ask(known))) },
  {
    weight: 2,
    arbitrary: of(
      'cancel',
      fc.tuple(anyId, fc.option(fc.nat(9))),
      ([id, nth]) =>
        (known, world) =>
          world.send({
            type: 'models.cancel',
            id,
            requestId: nth === null ? null : (known.asked.at(-1 - nth) ?? null),
          }),
    ),
  },
  {
    weight: 3,
    arbitrary: of(
      'tell',
      fc.tuple(
        anyId,
        fc.constantFrom('models.reload', 'models.refresh', 'models.retain', 'models.reset', 'models.forget'),
      ),
      ([id, type]) =>
        (known, world) => {
          world.send({ type, id, by: 'test', at: world.simulated.now() });
        },
    ),
  },
  {
    weight: 4,
    arbitrary: of('use', fc.tuple(anyId, fc.nat(2)), ([id, inFlight]) => (known, world) => {
      // Requests are counted of models that are there.
      if (world.row(id) !== undefined) known.inFlight.set(id, { ref: world.row(id)?.ref, requests: inFlight });
      world.use(id, inFlight);
    }),
  },
  { weight: 8, arbitrary: of('ready', anyId, (id) => (_, world) => world.ready(id)) },
  {
    weight: 8,
    arbitrary: of(
      'exit',
      fc.tuple(anyId, anyExit),
      ([id, code]) =>
        (_, world) =>
          world.exit(id, code),
    ),
  },
  {
    weight: 2,
    arbitrary: of(
      'say',
      fc.tuple(anyId, fc.constantFrom(spawned, stalled)),
      ([id, fact]) =>
        (_, world) =>
          world.models.of(id).tell(fact),
    ),
  },
  {
    weight: 2,
    arbitrary: of(
      'measure',
      fc.tuple(anyId, anyBytes),
      ([id, bytes]) =>
        (_, world) =>
          world.send({ type: 'model.measured', id, bytes: inRam(bytes) }),
    ),
  },
  {
    weight: 1,
    arbitrary: of('limit', fc.nat(4), (modelsMax) => (known, world) => {
      known.lowered ||= modelsMax < known.modelsMax;
      known.modelsMax = modelsMax;
      world.send({ type: 'limits.changed', placement: limitsOf(modelsMax), process: limits });
    }),
  },
  {
    weight: 4,
    arbitrary: of(
      'wait',
      fc.constantFrom(500, 1000, 5000, 7000, 60_000),
      (ms) => (_, world) => world.simulated.increment(ms),
    ),
  },
  { weight: 2, arbitrary: of('engine', fc.boolean(), (found) => (_, world) => world.install(found)) },
  {
    weight: 2,
    arbitrary: of('router', fc.constantFrom(ready, exited('CRASHED')), (fact) => (_, world) => world.router.tell(fact)),
  },
  {
    weight: 1,
    arbitrary: of(
      'router is told',
      fc.constantFrom('router.start', 'router.stop'),
      (type) => (_, world) =>
        world.context().router.send({ type, requestId: null, by: 'test', at: world.simulated.now() }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      command('unload all', (_, world) =>
        world.send({ type: 'models.unload-all', by: 'test', at: world.simulated.now() }),
      ),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant(command('stop', (_, world) => world.send({ type: 'system.stop', at: 1 }))),
  },
];

/** The commands, each as often as its weight says. */
export const anyCommands = weighted.flatMap(({ weight, arbitrary }) => Array.from({ length: weight }, () => arbitrary));
