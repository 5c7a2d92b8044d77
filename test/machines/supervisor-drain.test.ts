import { describe, expect, it, vi } from 'vitest';
import { exited } from './support/facts.ts';
import { limitsOf } from './support/residents.ts';
import { createSupervisor, startSupervisor } from './support/supervisor.ts';

const stop = { type: 'system.stop', at: 1 } as const;
const stopped = exited('KILLED');

describe('draining', () => {
  it('stops the router first and the models after it', () => {
    const world = startSupervisor();
    world.load('a');
    world.load('b');
    world.ready('a');
    world.send(stop);
    expect(world.root.getSnapshot().value).toBe('draining');
    expect(world.router.log).toMatchObject([{ type: 'process.stop', signal: 'SIGTERM' }]);
    expect([world.stateOf('a'), world.stateOf('b')]).toEqual(['loaded', 'loading']);
    world.router.tell(stopped);
    expect([world.stateOf('a'), world.stateOf('b')]).toEqual(['stopping', 'stopping']);
    world.exit('a', 'KILLED');
    expect(world.root.getSnapshot().status).toBe('active');
    world.exit('b', 'KILLED');
    expect(world.root.getSnapshot()).toMatchObject({ status: 'done', value: 'stopped' });
    expect(world.settled().toSorted()).toEqual(['load-a', 'load-b']);
  });

  it('refuses what waits and what comes', () => {
    const world = startSupervisor({ placement: limitsOf(1) });
    world.load('a');
    world.load('b');
    world.send(stop);
    world.load('c');
    world.demand('d');
    expect(world.refusal('load-b')).toMatchObject({ code: 'INVALID_STATE' });
    expect(world.refusal('load-c')).toMatchObject({ code: 'INVALID_STATE' });
    expect(world.emitted).toContainEqual(expect.objectContaining({ type: 'demand.refused', id: 'd' }));
    expect(world.models.ids()).toEqual(['a']);
  });

  it('ends at its deadline whatever still runs, and leaves no process behind', () => {
    const world = startSupervisor({ drainMs: 3000 });
    world.load('a');
    world.ready('a');
    world.send(stop);
    world.simulated.increment(2999);
    expect(world.root.getSnapshot().status).toBe('active');
    world.simulated.increment(1);
    expect(world.root.getSnapshot()).toMatchObject({ status: 'done', value: 'stopped' });
    expect([world.router.counts.alive, world.models.of('a').counts.alive]).toEqual([0, 0]);
  });

  it('goes on to the models when the router has to be killed', () => {
    const world = startSupervisor();
    world.load('a');
    world.ready('a');
    world.send(stop);
    world.simulated.increment(5000);
    expect(world.router.log.map(({ type }) => type)).toEqual(['process.stop', 'process.kill']);
    world.simulated.increment(2000);
    expect(world.stateOf('a')).toBe('stopping');
    world.exit('a', 'KILLED');
    expect(world.root.getSnapshot().status).toBe('done');
  });

  it('stops a model that waits for its restart, too', () => {
    const world = startSupervisor();
    world.load('a');
    world.exit('a');
    world.send(stop);
    world.router.tell(stopped);
    expect(world.root.getSnapshot().status).toBe('done');
    world.simulated.increment(100_000);
    expect(world.models.of('a').counts).toMatchObject({ alive: 0, started: 1 });
  });

  it('stops models at once when no router runs', () => {
    const world = startSupervisor();
    world.load('a');
    world.ready('a');
    world.context().router.send({ type: 'router.stop', requestId: null, by: 'test', at: 1 });
    world.router.tell(stopped);
    world.send(stop);
    expect(world.stateOf('a')).toBe('stopping');
    world.exit('a', 'KILLED');
    expect(world.root.getSnapshot().status).toBe('done');
  });

  it('wins over a start of the router that lands during it', () => {
    const world = startSupervisor();
    world.send(stop);
    world.context().router.send({ type: 'router.start', requestId: 'start', by: 'test', at: 1 });
    world.router.tell(stopped);
    expect(world.context().router.getSnapshot().value).toBe('stopping');
    world.router.tell(stopped);
    expect(world.root.getSnapshot().status).toBe('done');
    expect(world.refusal('start')).toMatchObject({ code: 'INVALID_STATE' });
  });

  it('ends an installation that is under way', () => {
    const world = createSupervisor();
    world.root.start();
    world.context().engine.send({ type: 'engine.install', requestId: 'install', by: 'test' });
    world.send(stop);
    expect(world.context().engineState).toBe('missing');
    expect(world.refusal('install')).toMatchObject({
      code: 'ENGINE_MISSING',
      message: expect.stringContaining('cancelled'),
    });
  });

  it('is over at once when nothing runs, even while starting', () => {
    const idle = createSupervisor({ autoStart: false });
    idle.root.start();
    idle.send(stop);
    expect(idle.root.getSnapshot().status).toBe('done');

    const starting = createSupervisor();
    starting.root.start();
    starting.load('a');
    starting.send(stop);
    expect(starting.refusal('load-a')).toMatchObject({ code: 'INVALID_STATE' });
    starting.router.tell(stopped);
    expect(starting.root.getSnapshot().status).toBe('done');
  });

  it('is final', () => {
    const world = startSupervisor();
    world.send(stop);
    world.router.tell(stopped);
    // XState warns of events that nobody hears any more.
    const warned = vi.spyOn(console, 'warn').mockReturnValue();
    world.load('a');
    expect(warned).toHaveBeenCalledOnce();
    expect(world.root.getSnapshot()).toMatchObject({ status: 'done', value: 'stopped' });
    expect(world.models.ids()).toEqual([]);
  });
});
