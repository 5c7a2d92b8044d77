/** `keys:*`: who may use the server. */
import type { Handlers } from './caller.ts';

export const keys: Handlers<'keys'> = {
  'keys:create': (services, payload, { by }) => services.keys.create(payload, by),
  'keys:list': (services) => ({ keys: services.keys.list(), required: services.keys.required() }),
  'keys:revoke': async (services, { id }, { by }) => {
    const revoked = await services.keys.revoke(id, by);
    return { revoked: revoked.id, name: revoked.name };
  },
};
