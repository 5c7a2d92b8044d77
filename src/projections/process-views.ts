/** Router and engine as clients see them. Pure. */
import type { EngineContext, EngineState } from '../../machines/engine.machine.ts';
import type { RouterContext, RouterState } from '../../machines/router.machine.ts';
import type { EngineView, RouterView } from '../contracts/views.ts';

export const routerView = (facts: {
  value: RouterState;
  context: RouterContext;
  url: string | null;
  loadedModels: string[];
  inFlight: number;
}): RouterView => {
  const { value: state, context } = facts;
  const running = state === 'loaded';
  return {
    state,
    running,
    preset: context.preset,
    pid: state === 'unloaded' || state === 'error' ? null : context.pid,
    url: running ? facts.url : null,
    startedAt: running ? context.startedAt : null,
    loadedModels: facts.loadedModels,
    failure: context.failure,
    retryAt: state === 'error' ? context.retryAt : null,
    gaveUp: state === 'error' && context.retryDelayMs === null,
    restarts: context.restarts,
    inFlight: facts.inFlight,
  };
};

export const engineView = ({ value, context }: { value: EngineState; context: EngineContext }): EngineView => ({
  state: value,
  path: context.found?.path ?? null,
  source: context.found?.source ?? null,
  version: context.found?.version ?? null,
  build: context.found?.build ?? null,
  progress: value === 'installing' ? context.progress : null,
  problem: context.problem,
});
