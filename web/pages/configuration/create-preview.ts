/** Asks the server what a change would do, a moment after the last keystroke and again when a model changes its state. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { ChangeEffectView } from '../../../src/contracts/changes.ts';
import type { Live } from '../../state/live.ts';

/** How long nobody types before the server is asked, ms. */
const PAUSE = 250;

export interface Preview {
  /** The newest answer; null while there is nothing to ask or the first answer is on its way. */
  effects: Accessor<readonly ChangeEffectView[] | null>;
  /** What the server said against the change, or why it could not be asked. */
  error: Accessor<unknown>;
}

/** `question` is null while there is nothing to preview; `ask` is called with it otherwise. */
export const createPreview = <Q>(
  live: Pick<Live, 'onTransition' | 'connection'>,
  question: Accessor<Q | null>,
  ask: (question: Q) => Promise<{ effects: ChangeEffectView[] }>,
): Preview => {
  const [effects, setEffects] = createSignal<readonly ChangeEffectView[] | null>(null);
  const [error, setError] = createSignal<unknown>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = 0;

  const send = (wanted: Q): void => {
    last += 1;
    const number = last;
    ask(wanted).then(
      (answer) => {
        if (number !== last) return;
        setEffects(answer.effects);
        setError(null);
      },
      (cause: unknown) => {
        if (number !== last) return;
        setEffects(null);
        setError(cause);
      },
    );
  };
  const later = (): void => {
    clearTimeout(timer);
    const wanted = question();
    if (wanted === null) {
      // What is still on its way answers a question nobody asks any more.
      last += 1;
      setEffects(null);
      setError(null);
      return;
    }
    if (live.connection().connected) timer = setTimeout(send, PAUSE, wanted);
  };
  createEffect(on([question, () => live.connection().connected], later));
  onCleanup(live.onTransition(later));
  onCleanup(() => {
    clearTimeout(timer);
    last += 1;
  });
  return { effects, error };
};
