/** `presets:*`: named sets of llama-server parameters. */
import { applyOf } from '../contracts/changes.ts';
import type { Handlers } from './caller.ts';

export const presets: Handlers<'presets'> = {
  'presets:list': async (services) => ({ presets: await services.presets.list() }),
  'presets:get': async (services, { name }) => ({ preset: await services.presets.get(name) }),
  'presets:save': async (services, { name, ini, ...apply }, { by }) => ({
    preset: await services.presets.save(name, ini, by, applyOf(apply)),
  }),
  'presets:preview': (services, { name, ini, ...apply }) => ({
    effects: services.presets.preview(name, ini, applyOf(apply)),
  }),
  'presets:delete': async (services, { name }, { by }) => {
    await services.presets.delete(name, by);
    return { deleted: name };
  },
};
