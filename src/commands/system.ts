/** `system:*`: the machine and the server's own health. */
import type { Handlers } from './caller.ts';

export const system: Handlers<'system'> = {
  'system:info': (services) => ({ info: services.system.info() }),
  'system:health': (services) => services.system.health(),
};
