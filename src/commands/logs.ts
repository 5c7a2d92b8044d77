/** `logs:*`: the bounded log in memory. */
import type { Handlers } from './caller.ts';

export const logs: Handlers<'logs'> = {
  'logs:get': (services, { limit, offset, level, source }) => ({
    logs: services.logs.query({
      limit,
      offset,
      ...(level === undefined ? {} : { level }),
      ...(source === undefined ? {} : { source }),
    }),
  }),
  'logs:clear': (services, _payload, { by }) => ({ cleared: services.logs.clear(by) }),
};
