/** Decisions and failures as one list. Pure. */
import type { DecisionView, FailureView } from '../../../src/contracts/views.ts';

export interface Happening {
  id: string;
  at: number;
  kind: DecisionView['kind'] | 'failed';
  modelId: string;
  reason: string;
}

/** As many as fit on a screen; the log has the rest. */
const MOST = 8;

/** Newest first. A failure is taken from the model that has it now, because no decision tells of it. */
export const storyOf = (
  decisions: readonly DecisionView[],
  models: readonly { id: string; failure: FailureView | null }[],
): Happening[] => {
  const failures = models.flatMap(({ id, failure }): Happening[] =>
    failure === null
      ? []
      : [{ id: `failed ${id}`, at: failure.at, kind: 'failed', modelId: id, reason: failure.message }],
  );
  return [...decisions, ...failures].sort((a, b) => b.at - a.at).slice(0, MOST);
};
