/** What commands can do with the router. */
import type { By, Services } from '../commands/services.ts';
import type { MetricsView, RouterView } from '../contracts/views.ts';
import { canonicalName } from '../io/presets/parameter-names.ts';
import type { ActorSystem } from './actor-system.ts';
import type { ConfigService } from './config-service.ts';
import type { Library } from './library.ts';
import type { ModelService } from './model-service.ts';
import type { ActivePreset, Planner } from './planner.ts';
import type { PresetService } from './preset-service.ts';
import type { Requests } from './requests.ts';

export interface RouterServiceOptions {
  system: ActorSystem;
  requests: Requests;
  config: ConfigService;
  library: Library;
  planner: Planner;
  presets: PresetService;
  models: ModelService;
  metrics(): MetricsView | null;
  view(): RouterView;
  now(): number;
}

const START_MS = 30_000;

export const createRouterService = (options: RouterServiceOptions): Services['router'] => {
  const { system, requests, library, planner, presets, models, now } = options;

  /** Models whose parameters another preset changes are started again; the others keep running. */
  const reloadChanged = (before: ReadonlyMap<string, string>, by: By): void => {
    for (const [id, parameters] of before) {
      const known = library.catalog().get(id);
      if (known !== undefined && JSON.stringify(planner.parameters(known)) !== parameters) {
        system.send({ type: 'models.reload', id, by, at: now() });
      }
    }
  };

  const running = (): Map<string, string> => {
    const parameters = new Map<string, string>();
    for (const { id, state } of system.residents()) {
      const known = library.catalog().get(id);
      if (known !== undefined && (state === 'loaded' || state === 'loading'))
        parameters.set(id, JSON.stringify(planner.parameters(known)));
    }
    return parameters;
  };

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
    async startWithPreset(name, by) {
      const preset = await presets.resolve(name);
      const before = running();
      await presets.activate(preset);
      system.router.send({ type: 'router.restart', signal: 'SIGTERM', preset: name, by, at: now() });
      reloadChanged(before, by);
      for (const id of loadedOnStartup(preset, library)) models.demand(id, by);
    },
  };
};

/** Models whose section says `load-on-startup = true`. */
export const loadedOnStartup = (preset: ActivePreset, library: Library): string[] =>
  Object.entries(preset.models).flatMap(([name, section]) => {
    const wanted = Object.entries(section).some(
      ([key, value]) => canonicalName(key) === 'load-on-startup' && isTrue(value),
    );
    const id = library.catalog().find(name)?.id;
    return wanted && id !== undefined ? [id] : [];
  });

const isTrue = (value: unknown): boolean => ['true', '1', 'on', 'yes'].includes(String(value).toLowerCase());
