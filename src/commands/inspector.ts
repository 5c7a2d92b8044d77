/** `inspector:*`: the actors as they are, and their steps for whoever watches. */
import { connectionOf } from './connection.ts';
import type { Handlers } from './caller.ts';

export const inspector: Handlers<'inspector'> = {
  'inspector:actors': (services) => ({ actors: services.inspector.actors() }),
  'inspector:subscribe': (services, _payload, caller) => {
    const connection = connectionOf(caller);
    // Watching begins first, so that every step after the picture is told.
    connection.join('inspector');
    return { seq: services.inspector.seq(), actors: services.inspector.actors() };
  },
  'inspector:unsubscribe': (_services, _payload, caller) => {
    connectionOf(caller).leave('inspector');
    return { subscribed: false };
  },
  'inspector:machines': (services) => ({ machines: services.inspector.machines() }),
};
