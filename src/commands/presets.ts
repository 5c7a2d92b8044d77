/** `presets:*`: named sets of llama-server parameters. */
import type { Handlers } from './caller.ts';

export const presets: Handlers<'presets'> = {
  'presets:list': async (services) => ({ presets: await services.presets.list() }),
  'presets:get': async (services, { name }) => ({ preset: await services.presets.get(name) }),
  'presets:save': async (services, { name, ini }, { by }) => ({ preset: await services.presets.save(name, ini, by) }),
  'presets:delete': async (services, { name }, { by }) => {
    await services.presets.delete(name, by);
    return { deleted: name };
  },
};
