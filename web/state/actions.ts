/** What a person can do to a model, with the pending state every button of that model shares. */
import { createStore } from 'solid-js/store';
import type { LifecycleState, ModelView } from '../../src/contracts/views.ts';
import { displayName } from '../format/model.ts';
import { plural } from '../format/numbers.ts';
import type { Client } from '../net/client.ts';
import type { Confirm } from './confirm.ts';
import type { Live } from './live.ts';
import type { Toasts } from './toasts.ts';

export interface ModelActions {
  load: (model: ModelView) => Promise<void>;
  /** Asks first when requests in flight would be cut off. */
  unload: (model: ModelView) => Promise<void>;
  /** This page has asked for a load of it that has not been answered, or was a moment ago. */
  askedFor: (id: string) => boolean;
  /** What was asked for and does not show in the state yet. */
  pending: (model: Pick<ModelView, 'id' | 'state'>) => 'load' | 'unload' | null;
}

/** How long after its answer a load is still this page's own, ms: what follows from it is told in the same moment. */
const OWN = 2000;

interface Wish {
  what: 'load' | 'unload';
  /** The state when it was asked: once the state is another, the state itself tells the story. */
  from: LifecycleState;
  number: number;
}

export const createModelActions = (client: Client, live: Live, toasts: Toasts, confirm: Confirm): ModelActions => {
  const [wishes, setWishes] = createStore<Record<string, Wish | undefined>>({});

  let last = 0;
  const asked = new Map<string, number>();

  const during = async (model: ModelView, what: Wish['what'], work: () => Promise<unknown>): Promise<void> => {
    last += 1;
    const number = last;
    setWishes(model.id, { what, from: model.state, number });
    try {
      await work();
    } finally {
      // A later wish for the same model stays: a load that was cancelled settles while the unload is under way.
      if (wishes[model.id]?.number === number) setWishes(model.id, undefined);
    }
  };

  const load = async (model: ModelView): Promise<void> => {
    const { id } = model;
    const name = displayName(model);
    asked.set(id, Infinity);
    try {
      await during(model, 'load', () => client.request('models:load', { modelId: id }));
    } catch (error) {
      // Someone unloaded it meanwhile, here or elsewhere: that is an answer, not a failure.
      const unwanted =
        wishes[id]?.what === 'unload' || (live.model(id)?.desired === 'unloaded' && !live.model(id)?.failure);
      if (!unwanted) toasts.failure(`${name} was not loaded`, error);
    } finally {
      asked.set(id, Date.now() + OWN);
    }
  };
  const offerUndo = (model: ModelView): void => {
    const again = (): Promise<void> => load(live.model(model.id) ?? model);
    const title = `${displayName(model)} is unloaded`;
    toasts.show({ tone: 'info', title, action: { label: 'Load again', run: again } });
  };

  return {
    load,
    unload: async (model) => {
      const name = displayName(model);
      if (model.inFlight > 0) {
        const yes = await confirm.ask({
          title: `Unload ${name}?`,
          body: `${plural(model.inFlight, 'request')} being answered now will be cut off.`,
          confirm: 'Unload',
        });
        if (!yes) return;
      }
      const wasLoaded = model.state === 'loaded';
      try {
        await during(model, 'unload', () => client.request('models:unload', { modelId: model.id }));
        if (wasLoaded) offerUndo(model);
      } catch (error) {
        toasts.failure(`${name} was not unloaded`, error);
      }
    },
    askedFor: (id) => (asked.get(id) ?? 0) > Date.now(),
    pending: (model) => {
      const wish = wishes[model.id];
      return wish !== undefined && wish.from === model.state ? wish.what : null;
    },
  };
};
