/** `router:status` and `llama:status`: the router's own state, and which models it can serve. */
import { isDeepStrictEqual } from 'node:util';
import type { ModelView, RouterView } from '../contracts/views.ts';
import type { By, DomainChange } from '../commands/services.ts';
import { llamaStatus, loadedNames, ROUTER_WORDS } from '../projections/dialects.ts';
import type { Emitter } from './emitter.ts';

export interface RouterBroadcasts {
  publish(changes: readonly DomainChange[], router: RouterView, models: readonly ModelView[]): void;
}

/** What makes a new `router:status` worth sending; requests in flight do not. */
const essence = (router: RouterView, models: readonly ModelView[]) => ({
  state: router.state,
  running: router.running,
  preset: router.preset,
  pid: router.pid,
  failure: router.failure,
  retryAt: router.retryAt,
  gaveUp: router.gaveUp,
  ...loadedNames(models),
});

/**
 * Who asked for what is told: for a new state of the router the one who changed the router, for a new set of models the one
 * who changed the models. Changes of several authors are news to all of them.
 */
const authorOf = (changes: readonly DomainChange[], ofRouter: boolean): By | null => {
  const authors = new Set<By | null>();
  for (const change of changes) {
    const counts = ofRouter ? change.kind === 'router' : change.kind === 'model' || change.kind === 'model.removed';
    if (counts && 'by' in change) authors.add(change.by);
  }
  const [only = null] = authors;
  return authors.size === 1 ? only : null;
};

export const createRouterBroadcasts = (
  emitter: Emitter,
  initial: { router: RouterView; models: readonly ModelView[] },
): RouterBroadcasts => {
  let last = essence(initial.router, initial.models);

  return {
    publish: (changes, router, models) => {
      const next = essence(router, models);
      if (isDeepStrictEqual(next, last)) return;
      const sameState = next.state === last.state;
      const emptied = sameState && next.loadedModels.length === 0 && last.loadedModels.length > 0;
      const by = authorOf(changes, !sameState || isDeepStrictEqual(next.loadedModels, last.loadedModels));
      last = next;
      const { loadedModel, loadedModels } = next;
      const shared = {
        running: router.running,
        loadedModel,
        loadedModels,
        router,
        ...(router.failure === null ? {} : { error: router.failure.message }),
      };
      // Seed 000 says `idle` for a router that is up and has just lost its last model.
      const wordForA = emptied && router.state === 'loaded' ? 'idle' : ROUTER_WORDS.a[router.state];
      emitter.broadcast(
        'router:status',
        { status: ROUTER_WORDS.b[router.state], ...shared },
        { top: { status: wordForA, ...shared }, by },
      );
      emitter.broadcast('llama:status', llamaStatus(router, models, Date.now()), { by });
    },
  };
};
