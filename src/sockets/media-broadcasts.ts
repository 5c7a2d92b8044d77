/** Media are told to their owner alone, the tools to everybody who may observe. */
import type { DomainChange } from '../commands/services.ts';
import type { Emitter } from './emitter.ts';
import { ownerRoom } from './rooms.ts';

type MediaChange = Extract<DomainChange, { kind: 'media' | 'media.removed' | 'media.tools' }>;

const roomOf = (owner: string): string => ownerRoom(owner);

export const publishMedia = (emitter: Emitter, change: MediaChange): void => {
  const { by } = change;
  if (change.kind === 'media.tools') emitter.broadcast('media:tools-updated', { tools: change.tools }, { by });
  else if (change.kind === 'media.removed')
    emitter.broadcast('media:removed', { mediaId: change.id }, { by, room: roomOf(change.owner) });
  else emitter.broadcast('media:updated', { media: change.media }, { by, room: roomOf(change.media.owner) });
};
