import { describe, expect, it } from 'vitest';
import type { LiveSupervisor } from './support/supervisor.ts';
import { limitsOf } from './support/residents.ts';
import { startSupervisor } from './support/supervisor.ts';

const one = { placement: limitsOf(1) };
const queued = (world: LiveSupervisor) => world.context().pending.map(({ id }) => id);

/** `a` is loaded and busy, so that everything else waits. */
const busyWorld = () => {
  const world = startSupervisor(one);
  world.load('a');
  world.ready('a');
  world.use('a', 1);
  return world;
};

describe('the queue of loads', () => {
  it('is first come, first served', () => {
    const world = busyWorld();
    for (const id of ['b', 'c', 'd']) world.load(id);
    expect(queued(world)).toEqual(['b', 'c', 'd']);
    world.use('a', 0);
    const order: string[] = [];
    for (const [gone, next] of [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'd'],
    ] as const) {
      world.exit(gone, 'KILLED');
      order.push(...['b', 'c', 'd'].filter((id) => world.stateOf(id) === 'loading'));
      world.ready(next);
    }
    expect(order).toEqual(['b', 'c', 'd']);
    expect(world.settled()).toEqual(['load-a', 'load-b', 'load-c', 'load-d']);
  });

  it('says once for each why it waits, and again when it waits for something else', () => {
    const world = busyWorld();
    world.load('b');
    world.load('c');
    world.use('a', 2);
    expect(world.decisions('queued')).toEqual(['b', 'c']);
    expect(world.context().waiting.map(({ cause }) => cause)).toEqual(['for a', 'behind b']);
    world.send({ type: 'models.cancel', id: 'b', requestId: 'load-b' });
    expect(world.decisions('queued')).toEqual(['b', 'c', 'c']);
    world.send({ type: 'models.cancel', id: 'c', requestId: 'load-c' });
    expect(world.context().waiting).toEqual([]);
    world.load('c', { requestId: 'again' });
    expect(world.decisions('queued')).toEqual(['b', 'c', 'c', 'c']);
  });

  it('loses the loads of a model that is unloaded, and answers them', () => {
    const world = busyWorld();
    world.load('b', { requestId: 'first' });
    world.load('c');
    world.load('b', { requestId: 'second' });
    world.unload('b');
    expect(queued(world)).toEqual(['c']);
    expect(world.refusal('first')).toMatchObject({ code: 'INVALID_STATE' });
    expect(world.refusal('second')).toMatchObject({ code: 'INVALID_STATE' });
    expect(world.refusal('unload-b')).toBeNull();
  });

  it('loses exactly the load that was cancelled', () => {
    const world = busyWorld();
    world.load('b', { requestId: 'first' });
    world.load('b', { requestId: 'second' });
    world.demand('b');
    world.send({ type: 'models.cancel', id: 'b', requestId: 'first' });
    expect(world.settled()).toEqual(['load-a', 'first']);
    world.send({ type: 'models.cancel', id: 'b', requestId: null });
    expect(world.context().pending.map(({ requestId }) => requestId)).toEqual(['second']);
    world.send({ type: 'models.cancel', id: 'b', requestId: 'unknown' });
    expect(queued(world)).toEqual(['b']);
  });

  it('follows a stop that is under way with the load that came during it', () => {
    const world = startSupervisor();
    world.load('a');
    world.ready('a');
    world.unload('a');
    world.load('a', { requestId: 'again' });
    expect(world.stateOf('a')).toBe('stopping');
    world.exit('a', 'KILLED');
    expect(world.stateOf('a')).toBe('loading');
    world.ready('a');
    expect(world.settled()).toEqual(['load-a', 'unload-a', 'again']);
    expect(world.models.of('a').counts).toMatchObject({ most: 1, started: 2 });
  });

  it('lets a stop that lands during a start win', () => {
    const world = startSupervisor();
    world.load('a');
    world.unload('a');
    world.ready('a');
    world.exit('a', 'KILLED');
    expect(world.stateOf('a')).toBe('unloaded');
    expect(world.refusal('load-a')).toMatchObject({ code: 'INVALID_STATE' });
    expect(world.refusal('unload-a')).toBeNull();
  });

  it('forgets the failure of a start that is tried again when it is stopped', () => {
    const world = startSupervisor();
    world.load('a');
    world.exit('a');
    world.simulated.increment(1000);
    expect(world.row('a')?.ref.getSnapshot().context.failure).toMatchObject({ code: 'CRASHED' });
    world.unload('a');
    world.exit('a', 'KILLED');
    expect(world.row('a')?.ref.getSnapshot()).toMatchObject({
      value: 'unloaded',
      context: { failure: null, exits: [] },
    });
  });
});

describe('demand', () => {
  it('of one model is one load, and names its refusal', () => {
    const world = busyWorld();
    for (let request = 0; request < 3; request += 1) world.demand('b');
    expect(queued(world)).toEqual(['b']);
    world.send({ type: 'models.unload-all', by: 'test', at: 1 });
    expect(world.emitted.filter(({ type }) => type === 'demand.refused')).toMatchObject([{ id: 'b' }]);
  });

  it('never starts a model in error: its own backoff or a person does', () => {
    const world = startSupervisor();
    world.demand('a');
    world.exit('a');
    world.demand('a');
    expect(queued(world)).toEqual([]);
    expect(world.stateOf('a')).toBe('error');
    world.simulated.increment(1000);
    expect(world.stateOf('a')).toBe('loading');
    world.exit('a', 'CORRUPT_FILE');
    world.demand('a');
    expect(world.stateOf('a')).toBe('error');
    world.load('a');
    expect(world.stateOf('a')).toBe('loading');
  });
});

describe('unload-all', () => {
  it('stops every model and refuses everything that waits', () => {
    const world = startSupervisor();
    for (const id of ['a', 'b', 'c']) world.load(id);
    world.ready('a');
    world.send({ type: 'models.unload-all', by: 'test', at: 1 });
    expect([world.stateOf('a'), world.stateOf('b'), world.stateOf('c')]).toEqual(['stopping', 'stopping', undefined]);
    expect(world.settled().toSorted()).toEqual(['load-a', 'load-b', 'load-c']);
    world.exit('a', 'KILLED');
    world.exit('b', 'KILLED');
    expect([world.stateOf('a'), world.stateOf('b')]).toEqual(['unloaded', 'unloaded']);
  });
});

describe('forget', () => {
  const forget = { type: 'models.forget', by: 'test', at: 1 } as const;

  it('ends the actor of an unloaded model', () => {
    const world = startSupervisor();
    world.load('a');
    world.exit('a', 'CORRUPT_FILE');
    world.send({ ...forget, id: 'a' });
    expect(world.row('a')).toBeUndefined();
    expect(Object.keys(world.root.getSnapshot().children).toSorted()).toEqual(['engine', 'router']);
  });

  it('unloads a model that still runs, answers its requests, and ends its actor then', () => {
    const world = startSupervisor(one);
    world.load('a');
    world.load('b');
    world.load('a', { requestId: 'again' });
    world.send({ ...forget, id: 'a' });
    expect(world.told('a')).toEqual(['process.stop']);
    expect(world.settled().toSorted()).toEqual(['again', 'load-a']);
    expect(world.models.of('a').counts.alive).toBe(1);
    world.exit('a', 'KILLED');
    expect(world.row('a')).toBeUndefined();
    expect(world.stateOf('b')).toBe('loading');
  });

  it('keeps a model that is loaded again while it leaves', () => {
    const world = startSupervisor();
    world.load('a');
    world.ready('a');
    world.send({ ...forget, id: 'a' });
    world.load('a', { requestId: 'again' });
    world.exit('a', 'KILLED');
    expect(world.stateOf('a')).toBe('loading');
    world.ready('a');
    expect(world.refusal('again')).toBeNull();
  });
});

it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('a model may be named %s', (id) => {
  const world = startSupervisor(one);
  world.unload(id, 'too early');
  world.use(id, 1);
  world.use(id, 0);
  world.load(id);
  world.ready(id);
  expect(world.stateOf(id)).toBe('loaded');
  world.load('other');
  expect(world.decisions('evicted')).toEqual([id]);
  world.exit(id, 'KILLED');
  world.send({ type: 'models.forget', id, by: 'test', at: 1 });
  expect(world.row(id)).toBeUndefined();
  expect(world.settled()).toEqual(['too early', `load-${id}`]);
  expect(world.stateOf('other')).toBe('loading');
});
