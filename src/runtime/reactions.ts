/** What follows from what happened: every fact of actors, library, router and configuration leads to its consequences here. */
import type { ModelState } from '../../machines/model.machine.ts';
import type { RouterState } from '../../machines/router.machine.ts';
import type { MeasuredMemory } from '../../machines/process.ts';
import type { SupervisorEmitted } from '../../machines/supervisor.machine.ts';
import type { By } from '../commands/services.ts';
import type { FromRouter } from '../contracts/ipc.ts';
import type { LogLevel, MetricsView } from '../contracts/views.ts';
import { PROCESS_BYTES } from '../io/models/memory-estimate.ts';
import type { RouterLink } from '../io/router-link.ts';
import type { ActorSystem } from './actor-system.ts';
import type { ChangeHub } from './changes.ts';
import type { ChangeService } from './change-service.ts';
import type { Decisions } from './decisions.ts';
import type { Endpoints } from './endpoints.ts';
import type { KeyService } from './key-service.ts';
import type { Library, LibraryChange } from './library.ts';
import type { Memory } from './memory.ts';
import type { ModelService } from './model-service.ts';
import type { Planner } from './planner.ts';
import type { Observer } from './observe/observe.ts';
import type { Requests } from './requests.ts';
import type { RouteTable } from './route-table.ts';
import type { Usage } from './usage.ts';
import type { Views } from './views.ts';

export interface ReactionParts {
  system: ActorSystem;
  library: Library;
  models: ModelService;
  memory: Memory;
  planner: Planner;
  views: Views;
  hub: ChangeHub;
  routes: RouteTable;
  endpoints: Endpoints;
  usage: Usage;
  requests: Requests;
  decisions: Decisions;
  link: RouterLink;
  changes: ChangeService;
  keys: KeyService;
  observer: Observer;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}

export interface Reactions {
  onModel(id: string, change: { state: ModelState; by: By | null } | null): void;
  onRouter(change: { state: RouterState; by: By | null } | null): void;
  onEmitted(event: SupervisorEmitted): void;
  onLibrary(change: LibraryChange): void;
  onRouterMessage(message: FromRouter): void;
  /** The folders to search are others now. */
  rescan(by: By): void;
  onMetrics(sample: MetricsView): void;
  /** From now on an unloaded model is the end of the server, not somebody's wish. */
  draining(): void;
}

const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** `parts` is asked for at each fact, because facts may come while the last part is being made. */
export const createReactions = (parts: () => ReactionParts): Reactions => {
  let draining = false;
  /** Processes whose size has been noted. */
  const weighed = new Set<number>();

  const noteWanted = (id: string, wanted: boolean): void => {
    const { library, log } = parts();
    library
      .setWanted(id, wanted)
      .catch((error: unknown) => log('error', 'server', `What is loaded could not be noted: ${sentence(error)}`));
  };

  const noteMeasured = (id: string, taken: MeasuredMemory | null): void => {
    const { library, planner, endpoints, memory, system } = parts();
    const known = library.catalog().get(id);
    if (known === undefined || taken === null) return;
    const parameters = endpoints.model(id)?.parameters ?? planner.parameters(known);
    system.send({ type: 'model.measured', id, bytes: memory.measured(known, parameters, taken) });
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
      const measured = system.model(id)?.context.info?.memory ?? null;
      if (view !== undefined) observer.moved(view, change, view.memory.measuredBytes);
      if (change.state === 'loaded') noteMeasured(id, measured);
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
      const { requests, link, decisions, observer, hub, routes, log } = parts();
      if (event.type === 'request.settled') requests.settle(event.requestId, event.refusal);
      else if (event.type === 'demand.refused') {
        const { code, message, retryAfter } = event.refusal;
        link.send({ type: 'refused', modelId: event.id, code, message, retryAfter });
      } else if (event.type === 'hold.changed') routes.hold(event.id, event.held);
      else if (event.type === 'decision.made') {
        const { kind, modelId, reason, by, details } = event;
        const decision = decisions.add({
          kind,
          modelId,
          reason,
          by,
          for: event.for,
          evicts: [...event.evicts],
          requiredBytes: details?.required ?? null,
          availableBytes: details?.free ?? null,
        });
        observer.decided(decision);
        hub.publish({ kind: 'decision', decision, by: null });
        log(kind === 'gave-up' || kind === 'refused' ? 'warn' : 'info', 'server', `${modelId} ${kind}: ${reason}`);
      }
    },
    onLibrary({ touched, created, removed, scanned, by }) {
      const { hub, views, routes, endpoints, system, library, models, now } = parts();
      const changed = [...created, ...touched].flatMap((id) => views.model(id) ?? []);
      routes.update(
        changed.map((model) => ({ model, upstream: endpoints.upstream(model.id) })),
        removed,
      );
      for (const model of changed.slice(0, created.length)) hub.publish({ kind: 'model.created', model, by });
      for (const id of touched) {
        hub.touchModel(id, by);
        models.applyPolicy(id);
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
      const { usage, models, system, changes, keys, hub, log } = parts();
      if (message.type === 'usage') {
        usage.take(message);
        if (message.total === 0) changes.routerIdle();
      } else if (message.type === 'finished') {
        usage.finished(message.requests);
        for (const { key } of message.requests) if (key !== null) keys.used(key);
      } else if (message.type === 'need') models.demand(message.modelId, 'router');
      else if (message.type === 'unneed') system.send({ type: 'models.cancel', id: message.modelId, requestId: null });
      else if (message.type === 'keep') {
        models.keep(message.modelId, message.seconds);
        hub.touchModel(message.modelId);
      } else if (message.type === 'log') log(message.level, 'router', message.message);
    },
    onMetrics(sample) {
      const { system } = parts();
      // An engine that does not say what it took is weighed once it has loaded. On a GPU that would tell only the smaller part.
      if (sample.gpus.length > 0) return;
      for (const { source, pid, memory } of sample.processes) {
        const id = source.startsWith('model:') ? source.slice('model:'.length) : null;
        const model = id === null ? undefined : system.model(id);
        if (id === null || model?.value !== 'loaded' || model.context.pid !== pid || weighed.has(pid)) continue;
        weighed.add(pid);
        if (model.context.info?.memory != null) continue;
        const ram = { model: Math.max(0, memory - PROCESS_BYTES), context: 0, compute: 0 };
        noteMeasured(id, { ram, gpus: [], contextTokens: null });
      }
    },
    rescan(by) {
      const { library, log } = parts();
      library
        .scan({ restoreHidden: false, by })
        .then(() => library.watch())
        .catch((error: unknown) =>
          log('warn', 'server', `The models folders could not be searched: ${sentence(error)}`),
        );
    },
  };
};
