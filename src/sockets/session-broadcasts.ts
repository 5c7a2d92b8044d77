/** Sessions are told to their owner alone. */
import type { DomainChange } from '../commands/services.ts';
import type { Emitter } from './emitter.ts';
import { ownerRoom } from './rooms.ts';

type SessionChange = Extract<DomainChange, { kind: 'session' | 'session.entry' | 'session.removed' }>;

export const publishSession = (emitter: Emitter, change: SessionChange): void => {
  const to = { by: change.by, room: ownerRoom(change.owner) };
  if (change.kind === 'session') emitter.broadcast('sessions:updated', { session: change.session }, to);
  else if (change.kind === 'session.entry')
    emitter.broadcast('sessions:entry', { sessionId: change.sessionId, entry: change.entry }, to);
  else emitter.broadcast('sessions:removed', { sessionId: change.id }, to);
};
