import { describe, expect, it } from 'vitest';
import { inRam } from '../../machines/devices.ts';
import { exited, limits, ready } from './support/facts.ts';
import { GIB, limitsOf } from './support/residents.ts';
import { createSupervisor, startSupervisor } from './support/supervisor.ts';

const one = { placement: limitsOf(1) };

describe('starting', () => {
  it('looks for the engine and starts the router, and runs once the router has its port', () => {
    const { root, router, context } = createSupervisor();
    root.start();
    expect(root.getSnapshot().value).toBe('starting');
    expect(router.counts.started).toBe(1);
    expect(context()).toMatchObject({ engineState: 'checking', routerState: 'loading' });
    router.tell(ready);
    expect(root.getSnapshot().value).toBe('running');
  });

  it('runs also when the router could not start, so that somebody can see why', () => {
    const { root, router } = createSupervisor();
    root.start();
    router.tell(exited('PORT_IN_USE'));
    expect(root.getSnapshot().value).toBe('running');
  });

  it('leaves the router alone without autoStart, and refuses loads until it is started', () => {
    const world = createSupervisor({ autoStart: false });
    world.root.start();
    world.install(true);
    expect(world.root.getSnapshot().value).toBe('running');
    expect(world.router.counts.started).toBe(0);
    world.load('a');
    expect(world.refusal('load-a')).toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringContaining('start it'),
    });
    world.context().router.send({ type: 'router.start', requestId: null, by: 'test', at: 1 });
    world.load('b');
    expect(world.stateOf('b')).toBe('loading');
  });
});

describe('loads before the engine is known', () => {
  it('wait while it is looked for and are released once it is found', async () => {
    const world = createSupervisor();
    world.root.start();
    world.load('a');
    world.demand('b');
    expect(world.context().pending).toHaveLength(2);
    expect(world.decisions('queued')).toEqual(['a', 'b']);
    await world.answerSearch(true);
    expect([world.stateOf('a'), world.stateOf('b')]).toEqual(['loading', 'loading']);
    world.ready('a');
    expect(world.refusal('load-a')).toBeNull();
  });

  it('wait through an installation too, and are refused when that fails', async () => {
    const world = createSupervisor({ autoInstall: true });
    world.root.start();
    world.load('a');
    world.demand('b');
    await world.answerSearch(false);
    expect(world.context()).toMatchObject({ engineState: 'installing', pending: [{ id: 'a' }, { id: 'b' }] });
    world.install(false);
    expect(world.refusal('load-a')).toMatchObject({ code: 'ENGINE_MISSING', message: 'No network.' });
    expect(world.emitted).toContainEqual(
      expect.objectContaining({
        type: 'demand.refused',
        id: 'b',
        refusal: expect.objectContaining({ code: 'ENGINE_MISSING' }),
      }),
    );
    expect(world.models.ids()).toEqual([]);
  });

  it('make one actor of two loads of one model, announced and decided once', () => {
    const world = createSupervisor();
    world.root.start();
    world.load('a', { requestId: 'first' });
    world.load('a', { requestId: 'second' });
    world.install(true);
    expect(world.emitted.filter(({ type }) => type === 'model.spawned')).toHaveLength(1);
    expect(world.decisions('admitted')).toEqual(['a']);
    world.ready('a');
    expect(world.settled()).toEqual(['first', 'second']);
    expect(world.models.of('a').counts.started).toBe(1);
  });
});

describe('the limit of models', () => {
  it('lets the least recently used idle one leave, and loads when it has left', () => {
    const world = startSupervisor();
    world.load('a');
    world.load('b');
    world.ready('a', 'b');
    world.simulated.increment(10);
    world.use('a', 1);
    world.use('a', 0);
    world.load('c');
    expect(world.decisions('evicted')).toEqual(['b']);
    expect([world.stateOf('a'), world.stateOf('b'), world.stateOf('c')]).toEqual(['loaded', 'stopping', undefined]);
    world.exit('b', 'KILLED');
    expect([world.stateOf('b'), world.stateOf('c')]).toEqual(['unloaded', 'loading']);
  });

  it('never lets a busy one leave; the next waits until it is idle', () => {
    const world = startSupervisor(one);
    world.load('a');
    world.ready('a');
    world.use('a', 1);
    world.load('b');
    expect(world.told('a')).toEqual([]);
    expect(world.decisions('queued')).toEqual(['b']);
    world.use('a', 0);
    expect(world.told('a')).toEqual(['process.stop']);
  });

  it('never lets a pinned one leave, not even after its first load', () => {
    const world = startSupervisor(one);
    world.load('a', { pinned: true });
    world.ready('a');
    world.load('b');
    expect(world.refusal('load-b')).toMatchObject({ code: 'DOES_NOT_FIT' });
    expect(world.stateOf('a')).toBe('loaded');
  });

  it('counts a model that waits for its restart, and frees the place of one that was given up', () => {
    const world = startSupervisor(one);
    world.load('a');
    world.exit('a');
    expect(world.decisions('restarted')).toEqual(['a']);
    world.load('b');
    expect(world.decisions('evicted')).toEqual(['a']);
    expect([world.stateOf('a'), world.stateOf('b')]).toEqual(['unloaded', 'loading']);
    world.exit('b', 'CORRUPT_FILE');
    expect(world.decisions('gave-up')).toEqual(['b']);
    world.load('c');
    expect([world.stateOf('b'), world.stateOf('c')]).toEqual(['error', 'loading']);
  });

  it('does not hold it against a model that its load waited long', () => {
    const world = createSupervisor();
    world.root.start();
    world.install(true);
    world.load('a');
    world.load('b');
    world.ready('a', 'b');
    world.simulated.increment(10);
    world.use('a', 1);
    world.use('a', 0);
    world.use('b', 1);
    world.simulated.increment(10);
    world.use('b', 0);
    // Asked for before, heard of only now.
    world.load('b', { requestId: 'late', at: 0 });
    world.load('c');
    expect(world.decisions('evicted')).toEqual(['a']);
  });

  it('takes new limits at once', () => {
    const world = startSupervisor(one);
    world.load('a');
    world.load('b');
    expect(world.stateOf('b')).toBeUndefined();
    world.send({ type: 'limits.changed', placement: limitsOf(2), process: limits });
    expect(world.stateOf('b')).toBe('loading');
  });

  it('gives a model the deadlines that hold when it is loaded', () => {
    const world = startSupervisor();
    world.load('a');
    world.ready('a');
    world.unload('a');
    world.exit('a', 'KILLED');
    world.send({ type: 'limits.changed', placement: one.placement, process: { ...limits, startMs: 10 } });
    world.load('a', { requestId: 'again' });
    world.simulated.increment(10);
    expect(world.stateOf('a')).toBe('stopping');
  });
});

describe('memory', () => {
  const many = { placement: limitsOf(9) };

  it('counts what an evicted model gave back since memory was last measured', () => {
    const world = startSupervisor(many);
    world.load('a', { bytes: 4 * GIB, availableBytes: 6 * GIB });
    world.ready('a');
    world.load('b', { bytes: 5 * GIB, availableBytes: 2 * GIB });
    expect(world.decisions('evicted')).toEqual(['a']);
    world.exit('a', 'KILLED');
    expect(world.refusal('load-b')).toBeUndefined();
    expect(world.stateOf('b')).toBe('loading');
  });

  it('counts what a model took since memory was last measured', () => {
    const world = createSupervisor(many);
    world.root.start();
    for (const id of ['a', 'b', 'c']) world.load(id, { bytes: 4 * GIB, availableBytes: 10 * GIB });
    world.install(true);
    world.ready('a', 'b');
    world.use('a', 1);
    world.use('b', 1);
    expect(world.stateOf('c')).toBeUndefined();
    expect(world.context().waiting[0]?.reason).toContain('2.00 GiB are free');
  });

  it('uses what was measured of a loaded model instead of the estimate', () => {
    const world = startSupervisor(many);
    world.load('a', { bytes: 4 * GIB, availableBytes: 6 * GIB });
    world.ready('a');
    world.send({ type: 'model.measured', id: 'a', bytes: inRam(GIB) });
    world.load('b', { bytes: 5 * GIB, availableBytes: 2 * GIB });
    expect(world.refusal('load-b')).toMatchObject({ code: 'DOES_NOT_FIT' });
  });
});
