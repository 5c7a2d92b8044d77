/** Presets as commands see them, and the one that is active. */
import type { By, Services } from '../commands/services.ts';
import type { PresetView } from '../contracts/views.ts';
import { parsePreset } from '../io/presets/parse-preset.ts';
import { presetStore } from '../io/presets/preset-store.ts';
import type { Document } from '../io/store/document.ts';
import type { ChangeHub } from './changes.ts';
import type { ActivePreset } from './planner.ts';
import type { StateDocument } from './stores.ts';

export type PresetService = Services['presets'] & {
  active(): ActivePreset;
  /** NOT_FOUND for an unknown name, INVALID_PAYLOAD naming the line for a file that cannot be read. */
  resolve(name: string): Promise<ActivePreset>;
  activate(preset: ActivePreset): Promise<void>;
};

const NONE: ActivePreset = { name: 'default', global: {}, models: {} };

/** Opens the presets of a folder and reads the one that was active; `onProblem` hears why it cannot be used. */
export const openPresets = async (options: {
  folder: string;
  state: Document<StateDocument>;
  hub: ChangeHub;
  onProblem(message: string): void;
}): Promise<PresetService> => {
  const store = presetStore(options.folder);
  let active: ActivePreset = NONE;

  const resolve = async (name: string): Promise<ActivePreset> => {
    const { ini } = await store.get(name);
    const { global, models, setAside } = parsePreset(ini);
    if (setAside.length > 0) {
      const keys = setAside.map(({ key, line }) => `${key} (line ${line})`).join(', ');
      options.onProblem(`The preset ${name} sets what Llamactor decides itself, which is left out: ${keys}.`);
    }
    return { name, global, models };
  };
  const announce = async (by: By): Promise<void> => {
    options.hub.publish({ kind: 'presets', presets: await store.list(), by });
  };

  try {
    active = await resolve(options.state.get().preset);
  } catch (error) {
    options.onProblem(
      `The preset ${options.state.get().preset} cannot be used, so the default is: ${error instanceof Error ? error.message : String(error)}`,
    );
  }

  return {
    list: () => store.list(),
    get: (name) => store.get(name),
    async save(name, ini, by): Promise<PresetView> {
      const preset = await store.save(name, ini);
      if (name === active.name) active = await resolve(name);
      await announce(by);
      return preset;
    },
    async delete(name, by) {
      await store.delete(name);
      if (name === active.name) active = NONE;
      await announce(by);
    },
    active: () => active,
    resolve,
    async activate(preset) {
      await options.state.update((draft) => {
        draft.preset = preset.name;
      });
      active = preset;
    },
  };
};
