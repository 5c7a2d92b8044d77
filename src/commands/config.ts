/** `config:*` and `settings:*`. Several keys are stored together or not at all. */
import { CONFIG_ALIASES, CONFIG_KEYS, SETTINGS_KEYS } from '../contracts/config.ts';
import type { Config, Settings } from '../contracts/config.ts';
import { checkedPatch } from './patch.ts';
import type { Handlers } from './caller.ts';

export const config: Handlers<'config'> = {
  'config:get': (services) => ({ config: services.config.get() }),
  'config:update': async (services, payload, { by }) => {
    const pairs: (readonly [string, unknown])[] =
      'config' in payload ? Object.entries(payload.config) : [[payload.key, payload.value]];
    const patch = checkedPatch<Config>('configuration', CONFIG_KEYS, CONFIG_ALIASES, pairs);
    return { config: await services.config.update(patch, by) };
  },
};

export const settings: Handlers<'settings'> = {
  'settings:get': (services) => ({ settings: services.settings.get() }),
  'settings:update': async (services, payload, { by }) => {
    const patch = checkedPatch<Settings>('settings', SETTINGS_KEYS, {}, Object.entries(payload.settings));
    return { settings: await services.settings.update(patch, by) };
  },
};
