/** Several models at once: which are chosen, and what can be done with all of them. */
import { createMemo, createSignal } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { plural } from '../../format/numbers.ts';
import type { App } from '../../state/app.tsx';
import { isUnusable } from '../../state/library.ts';

export interface Selection {
  selecting: Accessor<boolean>;
  setSelecting: (selecting: boolean) => void;
  has: (id: string) => boolean;
  toggle: (id: string) => void;
  /** Chooses exactly these. */
  choose: (ids: readonly string[]) => void;
  chosen: Accessor<ModelView[]>;
  loadable: Accessor<ModelView[]>;
  unloadable: Accessor<ModelView[]>;
  loadAll: () => Promise<void>;
  unloadAll: () => Promise<void>;
}

/** What can be loaded out of these: neither broken files nor what is on already. */
export const loadableOf = (models: readonly ModelView[]): ModelView[] =>
  models.filter((model) => !isUnusable(model) && (model.state === 'unloaded' || model.state === 'error'));

export const unloadableOf = (models: readonly ModelView[]): ModelView[] =>
  models.filter((model) => model.state === 'loaded' || model.state === 'loading');

export const createSelection = (app: App): Selection => {
  const [selecting, setSelecting] = createSignal(false);
  const [ids, setIds] = createSignal<ReadonlySet<string>>(new Set());
  const chosen = createMemo(() => app.live.models().filter((model) => ids().has(model.id)));
  const loadable = createMemo(() => loadableOf(chosen()));
  const unloadable = createMemo(() => unloadableOf(chosen()));
  return {
    selecting,
    setSelecting: (on) => {
      setSelecting(on);
      if (!on) setIds(new Set<string>());
    },
    has: (id) => ids().has(id),
    toggle: (id) =>
      setIds((held) => {
        const next = new Set(held);
        if (!next.delete(id)) next.add(id);
        return next;
      }),
    choose: (next) => setIds(new Set(next)),
    chosen,
    loadable,
    unloadable,
    loadAll: async () => {
      // All at once: the supervisor decides who fits and who waits, and says so for each.
      await Promise.all(loadable().map((model) => app.actions.load(model)));
    },
    unloadAll: async () => {
      const models = unloadable();
      const requests = models.reduce((sum, model) => sum + model.inFlight, 0);
      if (requests > 0) {
        const yes = await app.confirm.ask({
          title: `Unload ${plural(models.length, 'model')}?`,
          body: `${plural(requests, 'request')} being answered now will be cut off.`,
          confirm: 'Unload',
        });
        if (!yes) return;
      }
      const results = await Promise.allSettled(
        models.map((model) => app.client.request('models:unload', { modelId: model.id })),
      );
      const failure = results.find((result) => result.status === 'rejected');
      if (failure !== undefined) app.toasts.failure('Not every model was unloaded', failure.reason);
      const done = models.filter((_, index) => results[index]?.status === 'fulfilled');
      if (done.length === 0) return;
      app.toasts.show({
        tone: 'info',
        title: `${plural(done.length, 'model')} unloaded`,
        action: {
          label: 'Load again',
          run: () => Promise.all(done.map((model) => app.actions.load(app.live.model(model.id) ?? model))),
        },
      });
    },
  };
};
