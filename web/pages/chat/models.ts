/** Which models can talk, and which one is meant. Pure. */
import type { ModelView } from '../../../src/contracts/views.ts';
import { isUnusable } from '../../state/library.ts';

const ORDER: Readonly<Record<ModelView['state'], number>> = {
  loaded: 0,
  loading: 1,
  stopping: 2,
  unloaded: 3,
  error: 4,
};

/** Models that answer in text: what is loaded first, then by name. */
export const chatModels = (models: readonly ModelView[]): ModelView[] =>
  models
    .filter(
      (model) => !isUnusable(model) && (model.metadata === null || model.metadata.outputModalities.includes('text')),
    )
    .sort((a, b) => ORDER[a.state] - ORDER[b.state] || (a.name < b.name ? -1 : 1));

/** The conversation's own model, else the one chosen last, else the first that is loaded, else any. */
export const usualModel = (models: readonly ModelView[], own: string | null, last: string | null): ModelView | null => {
  const byId = (id: string | null): ModelView | undefined => models.find((model) => model.id === id);
  return byId(own) ?? byId(last) ?? models.find((model) => model.state === 'loaded') ?? models[0] ?? null;
};

export const hearsSounds = (model: Pick<ModelView, 'metadata'> | null): boolean =>
  model?.metadata?.inputModalities.includes('audio') === true;

export const readsImages = (model: Pick<ModelView, 'metadata'> | null): boolean =>
  model?.metadata?.inputModalities.includes('image') === true;
