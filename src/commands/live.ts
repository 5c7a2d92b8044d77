/** `live:*`: a snapshot, then increments. */
import { connectionOf } from './connection.ts';
import type { Handlers } from './caller.ts';

export const live: Handlers<'live'> = {
  'live:subscribe': (services, _payload, caller) => {
    const connection = connectionOf(caller);
    // Snapshot first, then the room, and nothing in between may wait: the next change published is the one after `seq`.
    const snapshot = services.snapshot();
    connection.join('live');
    return snapshot;
  },
  'live:unsubscribe': (_services, _payload, caller) => {
    connectionOf(caller).leave('live');
    return { subscribed: false };
  },
};
