/** `config:*` and `settings:*`. Several keys are stored together or not at all. */
import { applyOf } from '../contracts/changes.ts';
import { CONFIG_ALIASES, CONFIG_KEYS, SETTINGS_KEYS } from '../contracts/config.ts';
import type { CommandPayload } from '../contracts/commands.ts';
import type { Config, Settings } from '../contracts/config.ts';
import { CodedError } from '../contracts/errors.ts';
import { grants } from '../contracts/keys.ts';
import { checkedPatch } from './patch.ts';
import type { Handlers } from './caller.ts';
import type { Services } from './services.ts';

/** Asking everybody for keys before there is one that may take it back would lock the owner out. */
const refuseLockout = ({ keys }: Services): void => {
  const now = Date.now();
  const open = keys.list().some((key) => grants(key.scopes, 'admin') && (key.expiresAt ?? Infinity) > now);
  if (open) return;
  throw new CodedError(
    'INVALID_STATE',
    'There is no key with the scope admin yet, so nobody could change this back: make one with `llamactor key create --name NAME --scope admin`.',
  );
};

export const config: Handlers<'config'> = {
  'config:get': (services) => ({ config: services.config.get() }),
  'config:update': async (services, payload, { by }) => {
    const patch = patchOf(payload);
    if (patch.requireKeys === true && !services.config.get().requireKeys) refuseLockout(services);
    return { config: await services.config.update(patch, by, applyOf(payload)) };
  },
  'config:preview': (services, payload) => ({ effects: services.config.preview(patchOf(payload), applyOf(payload)) }),
  'config:effective': (services) => ({ rows: services.config.rows() }),
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
