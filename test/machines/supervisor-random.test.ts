/** Whatever comes, and in whatever order: every request is answered once, limits are kept, nobody busy or pinned is evicted. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exited } from './support/facts.ts';
import { holds } from './support/holds.ts';
import { anyCommands } from './support/random-commands.ts';
import type { Known } from './support/random-commands.ts';
import { createSupervisor } from './support/supervisor.ts';
import type { LiveSupervisor } from './support/supervisor.ts';

/** Stops everything in order; afterwards nobody may be left without an answer. */
const finish = (known: Known, world: LiveSupervisor): void => {
  const isOver = () => world.root.getSnapshot().status !== 'active';
  if (!isOver()) world.send({ type: 'system.stop', at: 1 });
  // A router that was started again while it left has to be stopped twice.
  for (let round = 0; round < 2 && !isOver(); round += 1) {
    world.router.tell(exited('KILLED'));
    for (const id of world.models.ids()) world.exit(id, 'KILLED');
  }
  expect(world.root.getSnapshot()).toMatchObject({ status: 'done', value: 'stopped' });
  expect(world.settled().toSorted()).toEqual(known.asked.toSorted());
};

it.each([
  ['just been started', (world: LiveSupervisor) => void world.root.start()],
  ['come to run', (world: LiveSupervisor) => void world.startAll()],
])('holds of a supervisor that has %s', (_, begin) => {
  holds(
    fc.property(fc.commands(anyCommands, { size: 'max', maxCommands: 80 }), (sequence) => {
      // The drain's deadline leaves requests unanswered, so it is kept out of reach here.
      const world = createSupervisor({ drainMs: 1e9 });
      const known: Known = { asked: [], inFlight: new Map(), modelsMax: 2, lowered: false };
      begin(world);
      fc.modelRun(() => ({ model: known, real: world }), sequence);
      finish(known, world);
    }),
    250,
  );
});
