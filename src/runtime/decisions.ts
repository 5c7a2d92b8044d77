import type { DecisionView } from '../contracts/views.ts';

const KEPT = 1000;

/** The bounded history of what the supervisor decided, newest first. */
export const createDecisions = (now: () => number) => {
  const kept: DecisionView[] = [];
  let count = 0;
  return {
    add(decision: Omit<DecisionView, 'id' | 'at'>): DecisionView {
      count += 1;
      const view = { id: String(count), at: now(), ...decision };
      kept.unshift(view);
      if (kept.length > KEPT) kept.pop();
      return view;
    },
    list: (limit: number): DecisionView[] => kept.slice(0, limit),
  };
};
export type Decisions = ReturnType<typeof createDecisions>;
