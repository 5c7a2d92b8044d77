/** Configuration and settings: what is stored, what the command line overrides, and who must hear of a change. */
import path from 'node:path';
import type { By } from '../commands/services.ts';
import { CONFIG_KEYS } from '../contracts/config.ts';
import type { Config, ConfigKey, Settings } from '../contracts/config.ts';
import type { ProcessLimits } from '../../machines/process.ts';
import type { PlacementLimits } from '../../machines/placement.ts';
import type { ChangeHub } from './changes.ts';
import type { Stores } from './stores.ts';

const MIB = 1024 * 1024;
/** After SIGKILL a process may still have to give back a GPU's memory. */
const KILL_MS = 5000;

export interface ConfigService {
  get(): Config;
  update(patch: Partial<Config>, by: By): Promise<Config>;
  settings: { get(): Settings; update(patch: Partial<Settings>, by: By): Promise<Settings> };
  /** The folders to search: what is configured, then the data folder's own. */
  folders(): string[];
  placement(): PlacementLimits;
  process(): ProcessLimits;
}

export const createConfigService = (options: {
  stores: Stores;
  /** From flags and environment; they win over the file while this server runs. */
  overrides: Partial<Config>;
  ownModelsDir: string;
  hub: ChangeHub;
  /** Keys whose value differs now. */
  onConfig(changed: ReadonlySet<ConfigKey>, by: By): void;
  onSettings(settings: Settings): void;
}): ConfigService => {
  const { stores, overrides, hub } = options;
  const get = (): Config => {
    const config = { ...stores.config.get(), ...overrides };
    return { ...config, modelsDir: config.modelsDir === '' ? options.ownModelsDir : config.modelsDir };
  };
  return {
    get,
    async update(patch, by) {
      const before = get();
      await stores.config.update((draft) => {
        Object.assign(draft, patch);
      });
      const config = get();
      const changed = new Set(
        (Object.keys(CONFIG_KEYS) as ConfigKey[]).filter(
          (key) => JSON.stringify(config[key]) !== JSON.stringify(before[key]),
        ),
      );
      hub.publish({ kind: 'config', config, by });
      options.onConfig(changed, by);
      return config;
    },
    settings: {
      get: () => stores.settings.get(),
      async update(patch, by) {
        await stores.settings.update((draft) => {
          Object.assign(draft, patch);
        });
        const settings = stores.settings.get();
        options.onSettings(settings);
        hub.publish({ kind: 'settings', settings, by });
        return settings;
      },
    },
    folders() {
      const { modelsDir, modelsDirs } = get();
      return [...new Set([modelsDir, ...modelsDirs, options.ownModelsDir].map((folder) => path.resolve(folder)))];
    },
    placement() {
      const { modelsMax, memoryReserve, gpuMemoryReserve, exclusiveGroups, fairnessQuantum } = get();
      return {
        modelsMax,
        reserve: { ram: memoryReserve * MIB, gpu: gpuMemoryReserve * MIB },
        exclusiveGroups,
        quantumMs: fairnessQuantum * 1000,
      };
    },
    process() {
      const { startTimeout, stopTimeout } = get();
      return { startMs: startTimeout * 1000, stopMs: stopTimeout * 1000, killMs: KILL_MS };
    },
  };
};
