/** `notifications:*`: what a person was told, and telling them something. */
import type { Handlers } from './caller.ts';
import { ownerOfCall } from './owner.ts';

export const notifications: Handlers<'notifications'> = {
  'notifications:send': async (services, payload) => ({
    notification: await services.notifications.send(payload),
  }),
  'notifications:list': (services, filter, caller) => services.notifications.list(ownerOfCall(caller), filter),
  'notifications:read': (services, { id, ids, all }, caller) =>
    services.notifications.read(ownerOfCall(caller), all === true ? 'all' : (ids ?? (id === undefined ? [] : [id]))),
  'notifications:webhook': (services) => ({ webhook: services.notifications.webhook() }),
};
