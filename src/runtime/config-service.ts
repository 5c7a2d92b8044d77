/** Configuration and settings: what is stored, what the command line overrides, and who must hear of a change. */
import path from 'node:path';
import type { By, Services } from '../commands/services.ts';
import { configRows } from '../projections/config-rows.ts';
import type { Running } from '../projections/config-rows.ts';
import type { Apply, ChangeEffectView } from '../contracts/changes.ts';
import type { Config, ConfigKey, Settings } from '../contracts/config.ts';
import type { ChangeHub } from './changes.ts';
import type { ChangeService, ConfigValues } from './change-service.ts';
import type { Problems } from './problems.ts';
import type { Stores } from './stores.ts';

const MIB = 1024 * 1024;
/** After SIGKILL a process may still have to give back a GPU's memory. */
const KILL_MS = 5000;
const FILE = 'config.json';

export type ConfigService = Services['config'] &
  ConfigValues & {
    settings: { get(): Settings; update(patch: Partial<Settings>, by: By): Promise<Settings> };
    /** Takes over what somebody wrote into config.json. What cannot be used is noted as a problem and changes nothing. */
    reread(): Promise<void>;
    /** The folders to search: what is configured, then the data folder's own. */
    folders(): string[];
  };

export const createConfigService = (options: {
  stores: Stores;
  /** From flags and environment; they win over the file while this server runs. */
  overrides: Partial<Config>;
  ownModelsDir: string;
  hub: ChangeHub;
  changes: ChangeService;
  problems: Problems;
  /** What of the configuration is fixed while something runs. */
  running(): Pick<Running, 'routerUrl' | 'enginePath'>;
  onRefused(message: string): void;
  onSettings(settings: Settings): void;
}): ConfigService => {
  const { stores, hub, changes, problems } = options;
  const atStart = stores.config.get();
  // A flag that says what is stored anyway overrides nothing: what is stored later counts.
  const overrides: Partial<Config> = Object.fromEntries(
    Object.entries(options.overrides).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(atStart[key as ConfigKey]),
    ),
  );
  const effective = (stored: Config): Config => {
    const config = { ...stored, ...overrides };
    return { ...config, modelsDir: config.modelsDir === '' ? options.ownModelsDir : config.modelsDir };
  };
  const get = (): Config => effective(stores.config.get());
  // The server keeps its address until it is started again, whatever is stored meanwhile.
  const { host, port } = get();
  return {
    get,
    with: (patch) => effective({ ...stores.config.get(), ...patch }),
    overriddenValues(patch = {}) {
      const stored = { ...stores.config.get(), ...patch };
      return Object.fromEntries((Object.keys(overrides) as ConfigKey[]).map((key) => [key, stored[key]]));
    },
    preview: (patch: Partial<Config>, apply: Apply): ChangeEffectView[] => changes.preview({ config: patch }, apply),
    async update(patch, by, apply = 'when-idle') {
      const carryOut = changes.begin();
      await stores.config.update((draft) => {
        Object.assign(draft, patch);
      });
      problems.clear(FILE);
      const config = get();
      hub.publish({ kind: 'config', config, by });
      carryOut(apply, by);
      return config;
    },
    async reread() {
      const carryOut = changes.begin();
      try {
        const changed = await stores.config.reread();
        problems.clear(FILE);
        if (!changed) return;
      } catch (error) {
        options.onRefused(problems.note(FILE, error));
        return;
      }
      hub.publish({ kind: 'config', config: get(), by: null });
      carryOut('when-idle', 'server');
    },
    rows: () =>
      configRows({
        stored: stores.config.get(),
        inForce: get(),
        overrides,
        running: { ...options.running(), host, port },
      }),
    problems: problems.list,
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
