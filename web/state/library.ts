/** Searching, filtering and sorting the models: pure functions over views. */
import { LIFECYCLE_STATES } from '../../src/contracts/views.ts';
import type { LifecycleState, ModelView } from '../../src/contracts/views.ts';
import { displayName, MODALITY_LABELS, specialModalities } from '../format/model.ts';

export type StateFilter = 'all' | LifecycleState | 'unusable';
export const STATE_FILTERS: readonly StateFilter[] = ['all', ...LIFECYCLE_STATES, 'unusable'];
export const isStateFilter = (value: unknown): value is StateFilter => STATE_FILTERS.some((filter) => filter === value);

export const SORT_KEYS = ['name', 'parameters', 'quantization', 'size', 'context', 'state', 'used'] as const;
export type SortKey = (typeof SORT_KEYS)[number];
export const isSortKey = (value: unknown): value is SortKey => SORT_KEYS.some((key) => key === value);

export interface LibraryQuery {
  text: string;
  filter: StateFilter;
  sort: SortKey;
  descending: boolean;
}

/** A file that cannot be loaded. One that is in use all the same (its file vanished) is judged by its state. */
export const isUnusable = (model: Pick<ModelView, 'problem' | 'state'>): boolean =>
  model.problem !== null && model.state === 'unloaded';

export const bucketOf = (model: Pick<ModelView, 'problem' | 'state'>): Exclude<StateFilter, 'all'> =>
  isUnusable(model) ? 'unusable' : model.state;

/**
 * Ids of the models with which something happens, or should, in the order given; at most `most` of them. What runs is never
 * left out for what failed: twenty broken models must not hide the one that answers.
 */
export const activeModels = (models: readonly Pick<ModelView, 'id' | 'state'>[], most: number): string[] => {
  const active = models.filter((model) => model.state !== 'unloaded');
  let failures = Math.max(0, most - active.filter((model) => model.state !== 'error').length);
  return active
    .filter((model) => {
      if (model.state !== 'error') return true;
      failures -= 1;
      return failures >= 0;
    })
    .map((model) => model.id);
};

const haystack = (model: ModelView): string =>
  [
    model.name,
    model.metadata?.name,
    ...model.aliases,
    model.type,
    model.metadata?.architecture,
    model.metadata?.quantization,
    model.metadata?.sizeLabel,
    ...specialModalities(model).flatMap((modality) => [modality, MODALITY_LABELS[modality]]),
  ]
    .filter((word) => word !== null && word !== undefined)
    .join('\n')
    .toLowerCase();

/** Every word has to occur somewhere: "qwen q4" finds Qwen models in a Q4 quantisation. */
export const matchesText = (model: ModelView, text: string): boolean => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const searched = haystack(model);
  return words.every((word) => searched.includes(word));
};

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const STATE_ORDER: Readonly<Record<LifecycleState, number>> = {
  loaded: 0,
  loading: 1,
  stopping: 2,
  error: 3,
  unloaded: 4,
};

/** Null sorts last in both directions: what is unknown is never the largest or the smallest. */
const valueOf = (model: ModelView, key: SortKey): number | string | null => {
  switch (key) {
    case 'name':
      return displayName(model);
    case 'parameters':
      return model.metadata?.parameters ?? null;
    case 'quantization':
      return model.metadata?.quantization ?? null;
    case 'size':
      return model.size;
    case 'context':
      return model.metadata?.contextLength ?? null;
    case 'state':
      return STATE_ORDER[model.state];
    case 'used':
      return model.lastUsedAt;
  }
};

const compareValues = (a: number | string, b: number | string): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));

/** Unusable files come last whatever the order; equal values fall back to the name, then the id, so that rows never swap. */
export const compareModels =
  (key: SortKey, descending: boolean) =>
  (a: ModelView, b: ModelView): number => {
    const unusable = Number(isUnusable(a)) - Number(isUnusable(b));
    if (unusable !== 0) return unusable;
    const [left, right] = [valueOf(a, key), valueOf(b, key)];
    if (left === null || right === null) {
      if (left !== right) return left === null ? 1 : -1;
    } else {
      const order = compareValues(left, right);
      if (order !== 0) return descending ? -order : order;
    }
    return collator.compare(a.name, b.name) || (a.id < b.id ? -1 : Number(a.id > b.id));
  };

export interface LibraryResult {
  /** Ids to show, in order. */
  ids: string[];
  /** How many models match the text, by bucket; `all` is their sum. */
  counts: Record<StateFilter, number>;
}

export const queryLibrary = (models: readonly ModelView[], query: LibraryQuery): LibraryResult => {
  const counts: Record<StateFilter, number> = {
    all: 0,
    unloaded: 0,
    loading: 0,
    loaded: 0,
    stopping: 0,
    error: 0,
    unusable: 0,
  };
  const shown: ModelView[] = [];
  for (const model of models) {
    if (!matchesText(model, query.text)) continue;
    const bucket = bucketOf(model);
    counts.all += 1;
    counts[bucket] += 1;
    if (query.filter === 'all' || query.filter === bucket) shown.push(model);
  }
  return { ids: shown.toSorted(compareModels(query.sort, query.descending)).map((model) => model.id), counts };
};
