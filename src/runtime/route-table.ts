/** What the router knows of the models: built from views, sent as differences. */
import { isDeepStrictEqual } from 'node:util';
import type { Route, ToRouter, Upstream } from '../contracts/ipc.ts';
import type { ModelView } from '../contracts/views.ts';

const withoutSuffix = (name: string): string => name.replace(/\.gguf$/i, '');

/** Every name a client may use for a model. */
export const namesOf = (model: Pick<ModelView, 'id' | 'name' | 'aliases'>): string[] => [
  ...new Set([model.id, model.name, withoutSuffix(model.name), `${model.id}.gguf`, ...model.aliases]),
];

/** 0 is no limit, in a model's record as in the configuration. */
const concurrencyOf = (own: number | null, usual: number): number | null => (own ?? usual) || null;

/** `usualConcurrency` is the configuration's, for models that say nothing themselves. */
export const routeOf = (
  model: ModelView,
  upstream: Upstream | null,
  usualConcurrency: number,
  held = false,
): Route => ({
  id: model.id,
  names: namesOf(model),
  state: model.state,
  upstream: model.state === 'loaded' ? upstream : null,
  held,
  failure: failureOf(model),
  progress: model.progress,
  created: model.created_at,
  size: model.size,
  contextLength: model.contextSize ?? model.metadata?.contextLength ?? null,
  metadata: model.metadata,
  concurrency: concurrencyOf(model.concurrency, usualConcurrency),
  parameters: model.parameters,
});

/** A request is refused from the table while a failed model waits for its next try, so that no request spawns anything. */
const failureOf = (model: ModelView): Route['failure'] => {
  if (model.problem !== null && model.state === 'unloaded') {
    return { code: 'UPSTREAM_FAILED', message: `${model.name} cannot be used: ${model.problem}`, retryAfter: null };
  }
  if (model.state !== 'error' || model.failure === null) return null;
  const { code, message } = model.failure;
  const known = code === 'ENGINE_MISSING' || code === 'DOES_NOT_FIT' ? code : 'UPSTREAM_FAILED';
  const next = model.gaveUp ? ' It is not tried again until someone loads it.' : '';
  return {
    code: known,
    message: `${model.id} failed: ${message}${next}`,
    retryAfter: model.retryAt === null ? null : Math.max(1, Math.ceil((model.retryAt - Date.now()) / 1000)),
  };
};

export interface RouteTable {
  all(): Route[];
  /** From now on the router hands nothing new to the model, or again. */
  hold(id: string, held: boolean): void;
  /** Sends what differs from what was sent before. */
  update(models: Iterable<{ model: ModelView; upstream: Upstream | null }>, removed: readonly string[]): void;
}

export const createRouteTable = (send: (message: ToRouter) => void, usualConcurrency: () => number): RouteTable => {
  const sent = new Map<string, Route>();
  const held = new Set<string>();
  return {
    all: () => [...sent.values()],
    hold(id, holds) {
      if (holds) held.add(id);
      else held.delete(id);
      const before = sent.get(id);
      if (before === undefined || before.held === holds) return;
      const route = { ...before, held: holds };
      sent.set(id, route);
      send({ type: 'routes', changed: [route], removed: [] });
    },
    update(models, removed) {
      const changed: Route[] = [];
      for (const { model, upstream } of models) {
        const route = routeOf(model, upstream, usualConcurrency(), held.has(model.id));
        if (isDeepStrictEqual(sent.get(model.id), route)) continue;
        sent.set(model.id, route);
        changed.push(route);
      }
      for (const id of removed) {
        sent.delete(id);
        held.delete(id);
      }
      if (changed.length > 0 || removed.length > 0) send({ type: 'routes', changed, removed: [...removed] });
    },
  };
};
