import type { LlamactorClient } from '../client/index.ts';
import type { ModelView } from '../contracts/views.ts';

/** Calls back with every state of one model, the present one first, until the returned function is called. */
export const watchModel = async (
  client: LlamactorClient,
  modelId: string,
  onModel: (model: ModelView) => void,
): Promise<() => void> => {
  const live = await client.live(
    (snapshot) => {
      const model = snapshot.models.find((each) => each.id === modelId);
      if (model !== undefined) onModel(model);
    },
    (changes) => {
      for (const change of changes) if (change.kind === 'model' && change.model.id === modelId) onModel(change.model);
    },
  );
  return () => live.stop();
};

/** What a progress bar says about a model that is on its way, or null when there is nothing to show. */
export const loadingLabel = (model: ModelView): string | null => {
  if (model.state === 'stopping') return `stopping ${model.id}`;
  if (model.state !== 'loading') return null;
  const stage = model.stage === null ? '' : ` (${model.stage.replaceAll('_', ' ')})`;
  return `loading ${model.id}${stage}`;
};
