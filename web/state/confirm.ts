/** One question at a time before something is lost. `kit/confirm-dialog.tsx` shows it. */
import { createSignal } from 'solid-js';
import type { Accessor } from 'solid-js';

export interface Question {
  title: string;
  /** What will be lost. */
  body: string;
  /** The button that does it, a verb: "Unload". */
  confirm: string;
  cancel?: string;
}

export interface Confirm {
  question: Accessor<Question | null>;
  /** Resolves with the answer; a question that replaces another answers that one with no. */
  ask: (question: Question) => Promise<boolean>;
  answer: (yes: boolean) => void;
}

export const createConfirm = (): Confirm => {
  const [question, setQuestion] = createSignal<Question | null>(null);
  let settle: ((yes: boolean) => void) | null = null;
  const answer = (yes: boolean): void => {
    const resolve = settle;
    settle = null;
    setQuestion(null);
    resolve?.(yes);
  };
  return {
    question,
    ask: (next) => {
      answer(false);
      return new Promise((resolve) => {
        settle = resolve;
        setQuestion(next);
      });
    },
    answer,
  };
};
