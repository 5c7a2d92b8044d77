/** Which model answers when nobody chose one. Pure. */
import type { ModelView } from './views.ts';

const answers = ({ problem, metadata }: ModelView): boolean =>
  problem === null && (metadata === null || metadata.outputModalities.includes('text'));

/** The one used last of those that are loaded, else the smallest, so that the answer comes soon; undefined when there is none. */
export const answeringModel = (models: readonly ModelView[]): ModelView | undefined => {
  const usable = models.filter(answers);
  const loaded = usable.filter(({ state }) => state === 'loaded');
  const [first] =
    loaded.length > 0
      ? loaded.toSorted((a, b) => (b.lastUsedAt ?? 0) - (a.lastUsedAt ?? 0))
      : usable.toSorted((a, b) => a.size - b.size);
  return first;
};

export const NO_MODEL = 'There is no model that could answer; `llamactor pull hf:owner/repo` fetches one.';
