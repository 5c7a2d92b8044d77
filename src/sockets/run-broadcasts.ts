/** Runs are told to their owner alone. */
import type { DomainChange, RunOwner } from '../commands/services.ts';
import type { Emitter } from './emitter.ts';

const OWNER = '@owner:';

/** Every socket of an owner that may observe is in it. */
export const ownerRoom = (owner: RunOwner): string => `${OWNER}${owner}`;
export const isOwnerRoom = (room: string): boolean => room.startsWith(OWNER);

export const publishRun = (emitter: Emitter, change: Extract<DomainChange, { kind: 'run' | 'run.removed' }>): void => {
  const to = { by: change.by, room: ownerRoom(change.owner) };
  if (change.kind === 'run') emitter.broadcast('runs:updated', { run: change.run }, to);
  else emitter.broadcast('runs:removed', { runId: change.id }, to);
};
