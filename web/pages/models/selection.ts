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
  pinned: Accessor<ModelView[]>;
  unpinned: Accessor<ModelView[]>;
  /** Pinned models never have to leave for others. */
  pinAll: (pinned: boolean) => Promise<void>;
  /** Takes them out of the list; their files stay. */
  removeAll: () => Promise<void>;
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
  const pinned = createMemo(() => chosen().filter((model) => model.pinned));
  const unpinned = createMemo(() => chosen().filter((model) => !model.pinned));
  /** Does it to each, tells once what failed, and returns those with which it went well. */
  const each = async (
    models: readonly ModelView[],
    failure: string,
    work: (model: ModelView) => Promise<unknown>,
  ): Promise<ModelView[]> => {
    const results = await Promise.allSettled(models.map(work));
    const refused = results.find((result) => result.status === 'rejected');
    if (refused !== undefined) app.toasts.failure(failure, refused.reason);
    return models.filter((_, index) => results[index]?.status === 'fulfilled');
  };
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
      const done = await each(models, 'Not every model was unloaded', (model) =>
        app.client.request('models:unload', { modelId: model.id }),
      );
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
    pinned,
    unpinned,
    pinAll: async (on) => {
      const change = (models: readonly ModelView[], to: boolean) =>
        each(models, 'Not every model was changed', (model) =>
          app.client.request('models:update', { modelId: model.id, updates: { pinned: to } }),
        );
      const done = await change(on ? unpinned() : pinned(), on);
      if (done.length === 0) return;
      app.toasts.show({
        tone: 'success',
        title: `${plural(done.length, 'model')} ${on ? 'pinned' : 'no longer pinned'}`,
        action: { label: 'Undo', run: () => change(done, !on) },
      });
    },
    removeAll: async () => {
      const models = chosen();
      const loaded = unloadableOf(models).length;
      const yes = await app.confirm.ask({
        title: `Take ${plural(models.length, 'model')} out of the list?`,
        body: `Their aliases and parameters are lost${loaded === 0 ? '' : `, and ${plural(loaded, 'loaded one', 'loaded ones')} will be unloaded`}. The files stay where they are; a rescan finds them again.`,
        confirm: 'Take them out',
      });
      if (!yes) return;
      const done = await each(models, 'Not every model was taken out', (model) =>
        app.client.request('models:delete', { modelId: model.id }),
      );
      if (done.length === 0) return;
      app.toasts.show({
        tone: 'info',
        title: `${plural(done.length, 'model')} taken out of the list`,
        action: { label: 'Rescan', run: () => app.client.request('llama:rescan', {}) },
      });
    },
  };
};
