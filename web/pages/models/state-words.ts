/** The words the page uses for a model's state. */
import type { ModelView } from '../../../src/contracts/views.ts';
import { percent } from '../../format/numbers.ts';
import { duration, secondsUntil } from '../../format/time.ts';
import { isUnusable } from '../../state/library.ts';

export const STATE_WORDS = {
  all: 'All',
  unloaded: 'Unloaded',
  loading: 'Loading',
  loaded: 'Loaded',
  stopping: 'Stopping',
  error: 'Error',
  unusable: 'Unusable',
} as const;

/** The badge: the state, with the percentage while there is one. */
export const badgeText = (model: ModelView): string => {
  if (isUnusable(model)) return STATE_WORDS.unusable;
  if (model.state === 'loading' && model.progress !== null) return `${STATE_WORDS.loading} ${percent(model.progress)}`;
  return STATE_WORDS[model.state];
};

/** What the supervisor will do about a failure; null when the state has none. `now` in ms of the server's clock. */
export const retryText = (model: ModelView, now: number): string | null => {
  if (model.state !== 'error') return null;
  if (model.gaveUp) return `Gave up after ${String(model.restarts)} ${model.restarts === 1 ? 'restart' : 'restarts'}`;
  if (model.retryAt === null) return null;
  const seconds = secondsUntil(model.retryAt, now);
  return seconds === 0 ? 'Trying again now' : `Next try in ${duration(seconds * 1000)}`;
};

/** "text_model" → "text model": the engine's words, readable. */
export const stageText = (stage: string | null): string => (stage === null ? 'starting' : stage.replaceAll('_', ' '));
