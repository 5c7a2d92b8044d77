/** Broadcasts about models: which change is worth one, in which order, and what a bulk change sends. */
import { isDeepStrictEqual } from 'node:util';
import type { ModelView } from '../contracts/views.ts';
import type { By, DomainChange } from '../commands/services.ts';
import { modelForA, modelForB } from '../projections/dialects.ts';
import type { Emitter } from './emitter.ts';

/**
 * Beyond this many changed models in one turn `models:updated` is sent once, not once per model: each carries the full
 * list, and the `models:list` that follows a bulk change tells the rest.
 */
const MOST_SINGLE_UPDATES = 32;

/** Progress, use and process numbers move all the time; live clients get them, the seeds' broadcasts leave them out. */
const record = (model: ModelView): ModelView => ({
  ...model,
  progress: null,
  stage: null,
  lastUsedAt: null,
  inFlight: 0,
  pid: null,
});

const worthTelling = (model: ModelView, previous: ModelView | null): boolean =>
  previous === null || !isDeepStrictEqual(record(model), record(previous));

/** One author, if all changes have the same one: only then may a socket be left out of what they have in common. */
const commonAuthor = (changes: readonly { by: By | null }[]): By | null => {
  const authors = new Set(changes.map((change) => change.by));
  const [only = null] = authors;
  return authors.size === 1 ? only : null;
};

type ModelChange = Extract<DomainChange, { kind: 'model' | 'model.created' | 'model.removed' | 'models.scanned' }>;
const isModelChange = (change: DomainChange): change is ModelChange =>
  change.kind === 'model' ||
  change.kind === 'model.created' ||
  change.kind === 'model.removed' ||
  change.kind === 'models.scanned';

export interface ModelBroadcasts {
  /** Tells everyone about the model changes of one turn; `models` are all models now. */
  publish(changes: readonly DomainChange[], models: readonly ModelView[]): void;
}

export const createModelBroadcasts = (emitter: Emitter, initial: readonly ModelView[]): ModelBroadcasts => {
  const known = new Map(initial.map((model) => [model.id, model]));

  return {
    publish: (all, models) => {
      const changes = all.filter(isModelChange);
      if (changes.length === 0) return;
      const listForA = models.map(modelForA);
      const listForB = models.map(modelForB);
      const updated = (model: ModelView, by: By | null): void =>
        emitter.broadcast(
          'models:updated',
          { model: modelForB(model), models: listForB },
          { top: { model: modelForA(model), models: listForA }, by },
        );

      const updates: { model: ModelView; by: By | null }[] = [];
      const removals: { modelId: string; by: By | null }[] = [];
      let listed = false;
      for (const change of changes) {
        switch (change.kind) {
          case 'model': {
            const { model, previous, by } = change;
            known.set(model.id, model);
            if (model.state !== previous?.state) {
              const data = { modelId: model.id, status: modelForB(model).status, model: modelForB(model) };
              emitter.broadcast('models:status', data, { by });
            }
            if (worthTelling(model, previous)) updates.push({ model, by });
            break;
          }
          case 'model.created':
            known.set(change.model.id, change.model);
            emitter.broadcast('models:created', { model: modelForB(change.model) }, { by: change.by });
            updates.push({ model: change.model, by: change.by });
            break;
          case 'model.removed': {
            removals.push(change);
            // Clients of seed 000 learn of a removal from the list in `models:updated`; its `model` must be one that
            // clients of seed 001 may store, and the removed one only when it is told to them as deleted afterwards.
            const model = models[0] ?? known.get(change.modelId);
            if (model !== undefined) updates.push({ model, by: change.by });
            known.delete(change.modelId);
            break;
          }
          case 'models.scanned': {
            const { scanned, total, by } = change;
            emitter.broadcast('models:scanned', { scanned, total }, { by });
            listed = true;
            if (updates.length === 0 && models[0] !== undefined) updates.push({ model: models[0], by });
            break;
          }
        }
      }

      const told = updates.length > MOST_SINGLE_UPDATES ? updates.slice(-1) : updates;
      const author = commonAuthor(changes);
      for (const { model, by } of told) updated(model, told === updates ? by : author);
      for (const { modelId, by } of removals) emitter.broadcast('models:deleted', { modelId }, { by });
      if (listed || updates.length > 1) {
        emitter.broadcast('models:list', { models: listForB }, { top: { models: listForA }, by: author });
      }
    },
  };
};
