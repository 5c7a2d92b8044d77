/** `llama:*`: the same router by the names of seed 001. */
import { llamaStatus } from '../projections/dialects.ts';
import type { Handlers } from './caller.ts';

export const llama: Handlers<'llama'> = {
  'llama:status': (services) => ({ status: llamaStatus(services.router.view(), services.models.list(), Date.now()) }),
  'llama:start': async (services, _payload, { by }) => {
    await services.router.start(by);
    return { success: true };
  },
  'llama:stop': async (services, _payload, { by }) => {
    await services.router.stop(by);
    return { success: true };
  },
  'llama:rescan': async (services, _payload, { by }) => {
    const { found } = await services.models.scan({ restoreHidden: true, by });
    return { scanned: found };
  },
};
