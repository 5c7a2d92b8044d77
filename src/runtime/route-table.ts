/** What the router knows of the models: built from views, sent as differences. */
import { isDeepStrictEqual } from 'node:util';
import type { Route, ToRouter, Upstream } from '../contracts/ipc.ts';
import type { ModelView } from '../contracts/views.ts';

const withoutSuffix = (name: string): string => name.replace(/\.gguf$/i, '');

/** Every name a client may use for a model. */
export const namesOf = (model: Pick<ModelView, 'id' | 'name' | 'aliases'>): string[] => [
  ...new Set([model.id, model.name, withoutSuffix(model.name), `${model.id}.gguf`, ...model.aliases]),
];

export const routeOf = (model: ModelView, upstream: Upstream | null): Route => ({
  id: model.id,
  names: namesOf(model),
  state: model.state,
  upstream: model.state === 'loaded' ? upstream : null,
  failure: failureOf(model),
  progress: model.progress,
  created: model.created_at,
  size: model.size,
  contextLength: model.contextSize ?? model.metadata?.contextLength ?? null,
  metadata: model.metadata,
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
  /** Sends what differs from what was sent before. */
  update(models: Iterable<{ model: ModelView; upstream: Upstream | null }>, removed: readonly string[]): void;
}

export const createRouteTable = (send: (message: ToRouter) => void): RouteTable => {
  const sent = new Map<string, Route>();
  return {
    all: () => [...sent.values()],
    update(models, removed) {
      const changed: Route[] = [];
      for (const { model, upstream } of models) {
        const route = routeOf(model, upstream);
        if (isDeepStrictEqual(sent.get(model.id), route)) continue;
        sent.set(model.id, route);
        changed.push(route);
      }
      for (const id of removed) sent.delete(id);
      if (changed.length > 0 || removed.length > 0) send({ type: 'routes', changed, removed: [...removed] });
    },
  };
};
