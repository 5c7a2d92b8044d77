/** What commands can do with the router. */
import type { Services } from '../commands/services.ts';
import type { MetricsView, RouterView } from '../contracts/views.ts';
import { canonicalName } from '../io/presets/parameter-names.ts';
import type { ActorSystem } from './actor-system.ts';
import type { ChangeService } from './change-service.ts';
import type { ConfigService } from './config-service.ts';
import type { Library } from './library.ts';
import type { ModelService } from './model-service.ts';
import type { ActivePreset } from './planner.ts';
import type { PresetService } from './preset-service.ts';
import type { Requests } from './requests.ts';

export interface RouterServiceOptions {
  system: ActorSystem;
  requests: Requests;
  config: ConfigService;
  library: Library;
  changes: ChangeService;
  presets: PresetService;
  models: ModelService;
  metrics(): MetricsView | null;
  view(): RouterView;
  now(): number;
}

const START_MS = 30_000;

export const createRouterService = (options: RouterServiceOptions): Services['router'] => {
  const { system, requests, library, presets, models, changes, now } = options;

  return {
    view: options.view,
    usage() {
      const sample = options.metrics()?.processes.find(({ source }) => source === 'router');
      return { cpu: sample?.cpu ?? 0, memory: sample?.memory ?? 0 };
    },
    start: (by) =>
      requests.ask((requestId) => system.router.send({ type: 'router.start', requestId, by, at: now() }), {
        timeoutMs: START_MS,
        late: 'The router did not start within the time allowed; look at its state.',
      }),
    async stop(by) {
      const limits = options.config.process();
      const routerGone = requests.ask(
        (requestId) => system.router.send({ type: 'router.stop', requestId, by, at: now() }),
        {
          timeoutMs: 2 * limits.stopMs + limits.killMs + START_MS,
          late: 'The router did not stop within the time allowed; look at its state.',
        },
      );
      // Requests in flight may finish while the router drains; models go after it.
      await routerGone;
      await Promise.all(
        system
          .modelIds()
          .filter((id) => library.catalog().get(id) !== undefined)
          .map((id) => models.unload(id, by)),
      );
    },
    restart(signal, by) {
      system.router.send({ type: 'router.restart', signal, by, at: now() });
      return Promise.resolve();
    },
    async startWithPreset(name, by, apply = 'when-idle') {
      const preset = await presets.resolve(name);
      // Models whose parameters another preset changes are started again; the others keep running.
      const carryOut = changes.begin();
      await presets.activate(preset);
      system.router.send({ type: 'router.restart', signal: 'SIGTERM', preset: name, by, at: now() });
      carryOut(apply, by);
      for (const id of loadedOnStartup(preset, library)) models.demand(id, by);
    },
  };
};

/** Models whose section, or whose own record, says `load-on-startup = true`. */
export const loadedOnStartup = (preset: ActivePreset, library: Library): string[] => {
  const wants = (parameters: Readonly<Record<string, unknown>>): boolean =>
    Object.entries(parameters).some(([key, value]) => canonicalName(key) === 'load-on-startup' && isTrue(value));
  const bySection = Object.entries(preset.models).flatMap(([name, section]) =>
    wants(section) ? (library.catalog().find(name)?.id ?? []) : [],
  );
  const byRecord = library
    .catalog()
    .all()
    .flatMap(({ id, record }) => (record !== null && wants(record.parameters) ? id : []));
  return [...new Set([...bySection, ...byRecord])];
};

const isTrue = (value: unknown): boolean => ['true', '1', 'on', 'yes'].includes(String(value).toLowerCase());
