/** Idle models leave when their time is over, counted from the end of the last request; who is used, pinned or kept stays. */
import { describe, expect, it } from 'vitest';
import { limits } from './support/facts.ts';
import { limitsOf } from './support/residents.ts';
import { startSupervisor } from './support/supervisor.ts';
import type { LiveSupervisor } from './support/supervisor.ts';

const MINUTE = 60_000;
const policy = { pinned: false, priority: 0, group: null, ttlMs: MINUTE };

const loaded = (parts: Parameters<LiveSupervisor['load']>[1] = { ttlMs: MINUTE }): LiveSupervisor => {
  const world = startSupervisor();
  world.load('a', parts);
  world.simulated.increment(5000);
  world.ready('a');
  return world;
};
const keep = (world: LiveSupervisor, ttlMs: number | null | undefined) =>
  world.send({ type: 'models.keep', id: 'a', ttlMs, at: world.simulated.now() });

describe('time to live', () => {
  it('counts from the load while nobody has used it, and says why it left', () => {
    const world = loaded();
    expect(world.row('a')?.expiresAt).toBe(5000 + MINUTE);
    world.simulated.increment(MINUTE - 1);
    expect(world.stateOf('a')).toBe('loaded');
    world.simulated.increment(1);
    expect(world.stateOf('a')).toBe('stopping');
    expect(world.emitted).toContainEqual(
      expect.objectContaining({
        kind: 'evicted',
        modelId: 'a',
        by: 'ttl',
        reason: 'a left: idle for 1 min, its time to live.',
      }),
    );
    world.exit('a', 'KILLED');
    expect([world.stateOf('a'), [...world.held], world.row('a')?.expiresAt]).toEqual(['unloaded', [], null]);
  });

  it('counts from the end of the last request, however long that took', () => {
    const world = loaded();
    world.simulated.increment(MINUTE - 1000);
    world.use('a', 1);
    expect(world.row('a')?.expiresAt).toBeNull();
    world.simulated.increment(10 * MINUTE);
    world.use('a', 0);
    world.simulated.increment(MINUTE - 1);
    expect(world.stateOf('a')).toBe('loaded');
    world.simulated.increment(1);
    expect(world.stateOf('a')).toBe('stopping');
  });

  it('goes on with a model for which a request came at the last moment', () => {
    const world = loaded();
    world.deaf.add('a');
    world.simulated.increment(MINUTE);
    expect([...world.held]).toEqual(['a']);
    world.deaf.delete('a');
    world.use('a', 1, 0);
    expect([world.stateOf('a'), [...world.held]]).toEqual(['loaded', []]);
    world.use('a', 0);
    world.simulated.increment(MINUTE);
    expect(world.stateOf('a')).toBe('stopping');
  });

  it('is over for nobody that is pinned, and never where none is set', () => {
    for (const parts of [{ ttlMs: MINUTE, pinned: true }, { ttlMs: null }]) {
      const world = loaded(parts);
      world.simulated.increment(1000 * MINUTE);
      expect(world.stateOf('a')).toBe('loaded');
    }
  });

  it('follows the record and the configuration at once', () => {
    const world = loaded({ ttlMs: null });
    world.simulated.increment(10 * MINUTE);
    world.send({ type: 'models.policy', id: 'a', policy, at: world.simulated.now() });
    world.simulated.increment(0);
    expect(world.stateOf('a')).toBe('stopping');
    const pinned = loaded();
    pinned.send({ type: 'models.policy', id: 'a', policy: { ...policy, pinned: true }, at: pinned.simulated.now() });
    pinned.simulated.increment(10 * MINUTE);
    expect(pinned.stateOf('a')).toBe('loaded');
  });

  it('gives way to what a request asks for, until the model has left', () => {
    const world = loaded();
    keep(world, 5 * MINUTE);
    world.simulated.increment(4 * MINUTE);
    expect(world.stateOf('a')).toBe('loaded');
    keep(world, null);
    world.simulated.increment(100 * MINUTE);
    expect([world.stateOf('a'), world.row('a')?.expiresAt]).toEqual(['loaded', null]);
    keep(world, undefined);
    world.simulated.increment(0);
    expect(world.stateOf('a')).toBe('stopping');
    keep(loaded(), 0);
    world.exit('a', 'KILLED');
    world.load('a', { requestId: 'again', ttlMs: MINUTE });
    world.ready('a');
    world.simulated.increment(MINUTE);
    expect(world.stateOf('a')).toBe('stopping');
  });

  it('of nothing ends a model as soon as it is idle, and not before', () => {
    const world = loaded();
    world.use('a', 1);
    keep(world, 0);
    world.simulated.increment(MINUTE);
    expect(world.stateOf('a')).toBe('loaded');
    world.use('a', 0);
    world.simulated.increment(0);
    expect(world.stateOf('a')).toBe('stopping');
  });

  it('asked for by a request that waits holds for the load that serves it', () => {
    const world = startSupervisor();
    keep(world, 0);
    world.use('a', 1, 0);
    world.demand('a');
    world.ready('a');
    world.simulated.increment(MINUTE);
    expect(world.stateOf('a')).toBe('loaded');
    world.use('a', 1, 1);
    world.use('a', 0);
    world.simulated.increment(0);
    expect(world.stateOf('a')).toBe('stopping');
  });

  it('is no concern of new limits', () => {
    const world = loaded();
    world.send({ type: 'limits.changed', placement: limitsOf(9), process: limits });
    world.simulated.increment(MINUTE);
    expect(world.stateOf('a')).toBe('stopping');
  });
});
