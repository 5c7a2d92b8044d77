/**
 * Collects what changed and tells it once per event-loop turn. A view that looks the same as the one told before is dropped,
 * so that no listener ever sees a change that is none.
 */
import { isDeepStrictEqual } from 'node:util';
import type { By, DomainChange } from '../commands/services.ts';
import type { EngineView, ModelView, RouterView } from '../contracts/views.ts';

export interface ViewSource {
  /** Undefined when the model is gone. */
  model(id: string): ModelView | undefined;
  router(): RouterView;
  engine(): EngineView;
}

export interface ChangeHub {
  publish(change: DomainChange): void;
  /** `by` is who caused it, null when nobody did, undefined when this is only a detail of what is going on. */
  touchModel(id: string, by?: By | null): void;
  touchRouter(by?: By | null): void;
  touchEngine(by?: By | null): void;
  subscribe(listener: (changes: readonly DomainChange[], seq: number) => void): () => void;
  /** Number of the last batch that held a model, router or engine change. */
  seq(): number;
  /** Tells what is collected now, without waiting for the turn to end. */
  flush(): void;
}

const LIVE: ReadonlySet<DomainChange['kind']> = new Set([
  'model',
  'model.created',
  'model.removed',
  'router',
  'engine',
  'download',
  'download.removed',
]);

export const createChangeHub = (views: ViewSource, onListenerError: (error: unknown) => void): ChangeHub => {
  const listeners = new Set<(changes: readonly DomainChange[], seq: number) => void>();
  const told = new Map<string, ModelView>();
  const models = new Map<string, By | null>();
  let router: { by: By | null } | null = null;
  let engine: { by: By | null } | null = null;
  let toldRouter: RouterView | null = null;
  let toldEngine: EngineView | null = null;
  let queue: DomainChange[] = [];
  let scheduled = false;
  let seq = 0;

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  };

  const flush = (): void => {
    scheduled = false;
    const changes: DomainChange[] = [];
    for (const [id, by] of models) {
      const model = views.model(id);
      const previous = told.get(id) ?? null;
      if (model === undefined || isDeepStrictEqual(model, previous)) continue;
      told.set(id, model);
      changes.push({ kind: 'model', model, previous, by });
    }
    models.clear();
    if (router !== null) {
      const view = views.router();
      if (!isDeepStrictEqual(view, toldRouter)) changes.push({ kind: 'router', router: view, by: router.by });
      toldRouter = view;
      router = null;
    }
    if (engine !== null) {
      const view = views.engine();
      if (!isDeepStrictEqual(view, toldEngine)) changes.push({ kind: 'engine', engine: view, by: engine.by });
      toldEngine = view;
      engine = null;
    }
    changes.push(...queue);
    queue = [];
    if (changes.length === 0) return;
    if (changes.some((change) => LIVE.has(change.kind))) seq += 1;
    for (const listener of listeners) {
      try {
        listener(changes, seq);
      } catch (error) {
        onListenerError(error);
      }
    }
  };

  return {
    publish(change) {
      if (change.kind === 'model.removed') told.delete(change.modelId);
      if (change.kind === 'model.created') told.set(change.model.id, change.model);
      queue.push(change);
      schedule();
    },
    touchModel(id, by) {
      models.set(id, by === undefined ? (models.get(id) ?? null) : by);
      schedule();
    },
    touchRouter(by) {
      router = { by: by === undefined ? (router?.by ?? null) : by };
      schedule();
    },
    touchEngine(by) {
      engine = { by: by === undefined ? (engine?.by ?? null) : by };
      schedule();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    seq: () => seq,
    flush,
  };
};
