/** The dashboard's first line: whether all is well, in one sentence. Pure; the worst news wins. */
import type { EngineState, LifecycleState } from '../../../src/contracts/views.ts';
import { plural } from '../../format/numbers.ts';

export interface Verdict {
  tone: LifecycleState;
  text: string;
}

export interface VerdictFacts {
  engine: EngineState;
  router: LifecycleState;
  models: readonly LifecycleState[];
}

export const verdictOf = ({ engine, router, models }: VerdictFacts): Verdict => {
  const count = (state: LifecycleState): number => models.filter((one) => one === state).length;
  if (engine === 'missing') return { tone: 'error', text: 'There is no engine to run models with' };
  if (engine === 'installing') return { tone: 'loading', text: 'The engine is being installed' };
  if (router === 'error') return { tone: 'error', text: 'The API is down' };
  const failed = count('error');
  if (failed > 0) return { tone: 'error', text: `${plural(failed, 'model')} failed; the rest works` };
  if (router === 'unloaded') return { tone: 'unloaded', text: 'The router is stopped' };
  if (router !== 'loaded') return { tone: 'loading', text: 'The router is on its way' };
  const loading = count('loading');
  if (loading > 0) return { tone: 'loading', text: `${plural(loading, 'model is', 'models are')} loading` };
  const loaded = count('loaded');
  return {
    tone: 'loaded',
    text:
      loaded > 0
        ? `All is well; ${plural(loaded, 'model is', 'models are')} loaded`
        : 'All is well; models load when they are asked for',
  };
};
