/** `config:*` and `settings:*`. Several keys are stored together or not at all. */
import { applyOf } from '../contracts/changes.ts';
import { CONFIG_ALIASES, CONFIG_KEYS, SETTINGS_KEYS } from '../contracts/config.ts';
import type { CommandPayload } from '../contracts/commands.ts';
import type { Config, Settings } from '../contracts/config.ts';
import { checkedPatch } from './patch.ts';
import type { Handlers } from './caller.ts';

export const config: Handlers<'config'> = {
  'config:get': (services) => ({ config: services.config.get() }),
  'config:update': async (services, payload, { by }) => {
    return { config: await services.config.update(patchOf(payload), by, applyOf(payload)) };
  },
  'config:preview': (services, payload) => ({ effects: services.config.preview(patchOf(payload), applyOf(payload)) }),
  'config:problems': (services) => ({ problems: services.config.problems() }),
};

const patchOf = (payload: CommandPayload<'config:update'>): Partial<Config> => {
  const pairs: (readonly [string, unknown])[] =
    'config' in payload ? Object.entries(payload.config) : [[payload.key, payload.value]];
  return checkedPatch<Config>('configuration', CONFIG_KEYS, CONFIG_ALIASES, pairs);
};

export const settings: Handlers<'settings'> = {
  'settings:get': (services) => ({ settings: services.settings.get() }),
  'settings:update': async (services, payload, { by }) => {
    const patch = checkedPatch<Settings>('settings', SETTINGS_KEYS, {}, Object.entries(payload.settings));
    return { settings: await services.settings.update(patch, by) };
  },
};
