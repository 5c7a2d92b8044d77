/** Runs are told to their owner alone, in this product's words, and to users in those of seed 003 as well. */
import type { DomainChange, RunOwner, Services } from '../commands/services.ts';
import { claudeEvent, claudePiece } from '../projections/claude-view.ts';
import type { Emitter } from './emitter.ts';
import { ownerRoom, userRoom } from './rooms.ts';

const USER = 'user:';

/** The user whose runs these are; null for those of a key or of nobody in particular. */
const userIn = (owner: RunOwner): string | null => (owner.startsWith(USER) ? owner.slice(USER.length) : null);

export const publishRun = (emitter: Emitter, change: Extract<DomainChange, { kind: 'run' | 'run.removed' }>): void => {
  const to = { by: change.by, room: ownerRoom(change.owner) };
  if (change.kind === 'run.removed') {
    emitter.broadcast('runs:removed', { runId: change.id }, to);
    return;
  }
  const { run, owner, news } = change;
  emitter.broadcast('runs:updated', { run }, to);
  const userId = userIn(owner);
  if (userId === null) return;
  const told = claudeEvent(run, userId, news.what === 'ended' ? news : null, Date.now());
  emitter.direct(told.event, told.payload, userRoom(userId));
};

/** Tells users what their runs write, as it comes. Returns the function that ends it. */
export const publishPieces = (emitter: Emitter, { runs }: Pick<Services, 'runs'>): (() => void) =>
  runs.onPiece((id, piece, owner) => {
    const userId = userIn(owner);
    if (userId !== null) emitter.direct('claude:progress', claudePiece(id, piece), userRoom(userId));
  });
