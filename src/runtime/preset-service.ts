/** Presets as commands see them, and the one that is active. */
import { isDeepStrictEqual } from 'node:util';
import type { By, Services } from '../commands/services.ts';
import type { PresetView } from '../contracts/views.ts';
import { checkPreset } from '../io/presets/check-preset.ts';
import { parsePreset } from '../io/presets/parse-preset.ts';
import { presetStore } from '../io/presets/preset-store.ts';
import type { Document } from '../io/store/document.ts';
import type { ChangeHub } from './changes.ts';
import type { ChangeService } from './change-service.ts';
import type { ActivePreset } from './planner.ts';
import type { Problems } from './problems.ts';
import type { StateDocument } from './stores.ts';

export type PresetService = Services['presets'] & {
  active(): ActivePreset;
  /** NOT_FOUND for an unknown name, INVALID_PAYLOAD naming the line for a file that cannot be read. */
  resolve(name: string): Promise<ActivePreset>;
  activate(preset: ActivePreset): Promise<void>;
  /** Looks at the files again, because somebody edits them. What cannot be used is a problem, and what ran goes on. */
  reread(): Promise<void>;
};

const NONE: ActivePreset = { name: 'default', global: {}, models: {} };
const sourceOf = (name: string): string => `presets/${name}.ini`;

/** Opens the presets of a folder and reads the one that was active; `onProblem` hears why it cannot be used. */
export const openPresets = async (options: {
  folder: string;
  state: Document<StateDocument>;
  hub: ChangeHub;
  changes: ChangeService;
  problems: Problems;
  /** The flags of the engine in use; empty while none is known. */
  knownFlags(): ReadonlySet<string>;
  onProblem(message: string): void;
}): Promise<PresetService> => {
  const { changes, problems } = options;
  const store = presetStore(options.folder);
  let active: ActivePreset = NONE;
  let told: PresetView[] = [];

  const read = (name: string, ini: string): ActivePreset => {
    const { global, models } = parsePreset(ini);
    return { name, global, models };
  };
  const resolve = async (name: string): Promise<ActivePreset> => {
    const { ini } = await store.get(name);
    const { setAside } = parsePreset(ini);
    if (setAside.length > 0) {
      const keys = setAside.map(({ key, line }) => `${key} (line ${line})`).join(', ');
      options.onProblem(`The preset ${name} sets what Llamactor decides itself, which is left out: ${keys}.`);
    }
    try {
      checkPreset(ini, options.knownFlags());
    } catch (error) {
      // An existing file is used all the same: the models that it does not concern can be loaded.
      options.onProblem(`The preset ${name} will not work as it is. ${error instanceof Error ? error.message : ''}`);
    }
    return read(name, ini);
  };
  /** A misspelt parameter would be refused at the next load of a model; it is better refused where it is written. */
  const checked = (name: string, ini: string): ActivePreset => {
    checkPreset(ini, options.knownFlags());
    return read(name, ini);
  };
  const announce = async (by: By | null): Promise<void> => {
    told = await store.list();
    options.hub.publish({ kind: 'presets', presets: told, by });
  };

  try {
    active = await resolve(options.state.get().preset);
  } catch (error) {
    const { preset } = options.state.get();
    const why = error instanceof Error ? error.message : String(error);
    problems.note(sourceOf(preset), error);
    options.onProblem(`The preset ${preset} cannot be used, so the default is: ${why}`);
  }
  told = await store.list().catch(() => []);

  /** One file of the folder as it is now, against what is known of it. */
  const look = (preset: PresetView): void => {
    const { name, ini } = preset;
    const source = sourceOf(name);
    try {
      const next = checked(name, ini);
      problems.clear(source);
      if (name === active.name && !isDeepStrictEqual(next, active)) {
        const carryOut = changes.begin();
        active = next;
        carryOut('when-idle', 'server');
      }
    } catch (error) {
      options.onProblem(problems.note(source, error));
    }
  };

  return {
    list: () => store.list(),
    get: (name) => store.get(name),
    preview(name, ini, apply) {
      const preset = checked(name, ini);
      return changes.preview(name === active.name ? { preset } : {}, apply);
    },
    async save(name, ini, by, apply = 'when-idle'): Promise<PresetView> {
      checked(name, ini);
      const carryOut = changes.begin();
      const preset = await store.save(name, ini);
      problems.clear(sourceOf(name));
      if (name === active.name) {
        active = await resolve(name);
        carryOut(apply, by);
      }
      await announce(by);
      return preset;
    },
    async delete(name, by) {
      const carryOut = changes.begin();
      await store.delete(name);
      problems.clear(sourceOf(name));
      if (name === active.name) {
        active = NONE;
        carryOut('when-idle', by);
      }
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
    async reread() {
      const before = new Map(told.map((preset) => [preset.name, preset.ini]));
      const now = await store.list();
      if (isDeepStrictEqual(now, told)) return;
      for (const preset of now) if (before.get(preset.name) !== preset.ini) look(preset);
      for (const name of before.keys()) {
        if (now.some((preset) => preset.name === name)) continue;
        problems.clear(sourceOf(name));
        if (name === active.name)
          options.onProblem(`${sourceOf(name)} is gone; its parameters count until another preset is used.`);
      }
      await announce(null);
    },
  };
};
