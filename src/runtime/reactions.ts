/** What follows from what happened: every fact of actors, library, router and configuration leads to its consequences here. */
import type { ModelState } from '../../machines/model.machine.ts';
import type { RouterState } from '../../machines/router.machine.ts';
import type { SupervisorEmitted } from '../../machines/supervisor.machine.ts';
import type { By } from '../commands/services.ts';
import type { ConfigKey } from '../contracts/config.ts';
import type { FromRouter } from '../contracts/ipc.ts';
import type { LogLevel } from '../contracts/views.ts';
import type { RouterLink } from '../io/router-link.ts';
import type { ActorSystem } from './actor-system.ts';
import type { ChangeHub } from './changes.ts';
import type { ConfigService } from './config-service.ts';
import type { Decisions } from './decisions.ts';
import type { Endpoints } from './endpoints.ts';
import type { Library, LibraryChange } from './library.ts';
import type { ModelService } from './model-service.ts';
import type { Observer } from './observe/observe.ts';
import type { Requests } from './requests.ts';
import type { RouteTable } from './route-table.ts';
import type { Usage } from './usage.ts';
import type { Views } from './views.ts';

export interface ReactionParts {
  system: ActorSystem;
  library: Library;
  models: ModelService;
  views: Views;
  hub: ChangeHub;
  routes: RouteTable;
  endpoints: Endpoints;
  usage: Usage;
  requests: Requests;
  decisions: Decisions;
  link: RouterLink;
  observer: Observer;
  /** Tells the router what of its settings may change while it runs. */
  sendSettings(): void;
  config: ConfigService;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}

export interface Reactions {
  onModel(id: string, change: { state: ModelState; by: By | null } | null): void;
  onRouter(change: { state: RouterState; by: By | null } | null): void;
  onEmitted(event: SupervisorEmitted): void;
  onLibrary(change: LibraryChange): void;
  onRouterMessage(message: FromRouter): void;
  onConfig(changed: ReadonlySet<ConfigKey>, by: By): void;
  /** From now on an unloaded model is the end of the server, not somebody's wish. */
  draining(): void;
}

const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** `parts` is asked for at each fact, because facts may come while the last part is being made. */
export const createReactions = (parts: () => ReactionParts): Reactions => {
  let draining = false;

  const noteWanted = (id: string, wanted: boolean): void => {
    const { library, log } = parts();
    library
      .setWanted(id, wanted)
      .catch((error: unknown) => log('error', 'server', `What is loaded could not be noted: ${sentence(error)}`));
  };

  return {
    draining: () => {
      draining = true;
    },
    onModel(id, change) {
      const { hub, views, routes, endpoints, system, observer, log } = parts();
      hub.touchModel(id, change?.by);
      const view = views.model(id);
      if (view !== undefined) routes.update([{ model: view, upstream: endpoints.upstream(id) }], []);
      if (change === null) return;
      hub.touchRouter(change.by);
      const measured = system.model(id)?.context.info?.memoryBytes ?? null;
      if (view !== undefined) observer.moved(view, change, measured);
      if (change.state === 'loaded' && measured !== null && measured > 0)
        system.send({ type: 'model.measured', id, bytes: measured });
      if (change.state === 'error') {
        const given = view?.gaveUp === true ? ' It is not tried again until someone loads it.' : '';
        log('error', 'server', `${id} failed: ${view?.failure?.message ?? 'unknown cause'}${given}`);
      } else log('info', 'server', `${id} is ${change.state}.`);
      // Intent survives: what was loaded by anyone is loaded again after a crash of the server.
      if (!draining && (change.state === 'loaded' || change.state === 'unloaded'))
        noteWanted(id, change.state === 'loaded');
    },
    onRouter(change) {
      const { hub, log } = parts();
      hub.touchRouter(change?.by);
      if (change !== null) log('info', 'server', `The router is ${change.state}.`);
    },
    onEmitted(event) {
      const { requests, link, decisions, observer, hub, log } = parts();
      if (event.type === 'request.settled') requests.settle(event.requestId, event.refusal);
      else if (event.type === 'demand.refused') link.send({ type: 'refused', modelId: event.id, ...event.refusal });
      else if (event.type === 'decision.made') {
        const { kind, modelId, reason, by } = event;
        const decision = decisions.add({ kind, modelId, reason, by });
        observer.decided(decision);
        hub.publish({ kind: 'decision', decision, by: null });
        log(kind === 'gave-up' || kind === 'refused' ? 'warn' : 'info', 'server', `${modelId} ${kind}: ${reason}`);
      }
    },
    onLibrary({ touched, created, removed, scanned, by }) {
      const { hub, views, routes, endpoints, system, library, now } = parts();
      const changed = [...created, ...touched].flatMap((id) => views.model(id) ?? []);
      routes.update(
        changed.map((model) => ({ model, upstream: endpoints.upstream(model.id) })),
        removed,
      );
      for (const model of changed.slice(0, created.length)) hub.publish({ kind: 'model.created', model, by });
      for (const id of touched) {
        hub.touchModel(id, by);
        // What was wrong with a file may be mended now.
        system.send({ type: 'models.reset', id, by: by ?? 'server', at: now() });
      }
      for (const modelId of removed) hub.publish({ kind: 'model.removed', modelId, by });
      // A scan that somebody asked for is answered to everyone; one that the watcher started only if it found a change.
      if (scanned !== null && (by !== null || created.length + removed.length > 0)) {
        hub.publish({ kind: 'models.scanned', scanned, total: library.catalog().all().length, by });
      }
    },
    onRouterMessage(message) {
      const { usage, models, system, log } = parts();
      if (message.type === 'usage') usage.take(message);
      else if (message.type === 'finished') usage.finished(message.requests);
      else if (message.type === 'need') models.demand(message.modelId, 'router');
      else if (message.type === 'unneed') system.send({ type: 'models.cancel', id: message.modelId, requestId: null });
      else if (message.type === 'log') log(message.level, 'router', message.message);
    },
    onConfig(changed, by) {
      const { system, config, library, observer, sendSettings, hub, log } = parts();
      sendSettings();
      observer.capturing(config.get().captureBodies);
      system.send({ type: 'limits.changed', placement: config.placement(), process: config.process() });
      if (changed.has('serverPath')) system.engine.send({ type: 'engine.check', requestId: null, by });
      if (changed.has('modelsDir') || changed.has('modelsDirs')) {
        library
          .scan({ restoreHidden: false, by })
          .then(() => library.watch())
          .catch((error: unknown) =>
            log('warn', 'server', `The models folders could not be searched: ${sentence(error)}`),
          );
      }
      // Parameters shown for models that are not running follow the configuration at once.
      for (const { id } of library.catalog().all()) hub.touchModel(id);
    },
  };
};
