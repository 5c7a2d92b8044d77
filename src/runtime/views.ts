/** The present state of everything as clients see it, read from library, actors and usage at the moment of asking. */
import type { EngineView, ModelView, RouterView } from '../contracts/views.ts';
import { parameterChanges } from '../projections/change-plan.ts';
import { modelView } from '../projections/model-view.ts';
import { engineView, routerView } from '../projections/process-views.ts';
import type { ActorSystem } from './actor-system.ts';
import type { Endpoints } from './endpoints.ts';
import type { Library } from './library.ts';
import { plainParameters } from './parameters.ts';
import type { Memory } from './memory.ts';
import type { Planner } from './planner.ts';
import type { Usage } from './usage.ts';

export interface Views {
  model(id: string): ModelView | undefined;
  models(): ModelView[];
  router(): RouterView;
  engine(): EngineView;
  loadedIds(): string[];
  /** Processes to sample, with the names their numbers are shown under. */
  processes(): { source: string; pid: number }[];
}

/** `system` is asked for lazily, because the actors' own ports read these views. */
export const createViews = (parts: {
  system(): ActorSystem;
  library: Library;
  planner: Planner;
  usage: Usage;
  endpoints: Endpoints;
  memory: Memory;
}): Views => {
  const { library, planner, usage, endpoints, memory } = parts;
  const loadedIds = (): string[] =>
    parts
      .system()
      .residents()
      .filter(({ state }) => state === 'loaded')
      .map(({ id }) => id);

  const model = (id: string): ModelView | undefined => {
    const known = library.catalog().get(id);
    if (known === undefined) return undefined;
    const snapshot = parts.system().model(id);
    const wanted = planner.parameters(known);
    const running = endpoints.model(id)?.parameters;
    return modelView({
      ...known,
      actor: snapshot === undefined ? null : { value: snapshot.value, context: snapshot.context },
      inFlight: usage.inFlight(id),
      lastUsedAt: usage.lastUsedAt(id),
      expiresAt: parts.system().row(id)?.expiresAt ?? null,
      memory: memory.view(known, plainParameters(running ?? wanted)),
      preset: known.record?.preset ?? null,
      parameters: running ?? wanted,
      pendingKeys:
        running === undefined
          ? []
          : parameterChanges(plainParameters(running), plainParameters(wanted)).map(({ key }) => key),
    });
  };

  return {
    model,
    models: () =>
      library
        .catalog()
        .all()
        .flatMap(({ id }) => model(id) ?? []),
    router() {
      const { value, context } = parts.system().router.getSnapshot();
      return routerView({
        value,
        context,
        url: endpoints.routerUrl(),
        loadedModels: loadedIds(),
        inFlight: usage.total(),
      });
    },
    engine() {
      const { value, context } = parts.system().engine.getSnapshot();
      return engineView({ value, context });
    },
    loadedIds,
    processes() {
      const system = parts.system();
      const children = [
        { source: 'router', pid: system.router.getSnapshot().context.pid },
        ...system.modelIds().map((id) => ({ source: `model:${id}`, pid: system.model(id)?.context.pid ?? null })),
      ];
      return [
        { source: 'server', pid: process.pid },
        ...children.flatMap(({ source, pid }) => (pid === null ? [] : [{ source, pid }])),
      ];
    },
  };
};
