import { createUniqueId, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { useApp } from '../state/app.tsx';
import type { Question } from '../state/confirm.ts';
import { Button } from './button.tsx';
import './confirm-dialog.css';

/** A native dialog: it traps the focus, closes on Escape and gives the focus back to where it was. */
const Dialog = (props: { question: Question; onAnswer: (yes: boolean) => void }): JSX.Element => {
  const id = createUniqueId();
  let dialog!: HTMLDialogElement;
  onMount(() => {
    dialog.showModal();
  });
  const answer = (yes: boolean): void => {
    dialog.close();
    props.onAnswer(yes);
  };
  return (
    <dialog
      ref={dialog}
      class="confirm"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-body`}
      onCancel={(event) => {
        event.preventDefault();
        answer(false);
      }}
    >
      <div class="confirm__box">
        <h2 id={`${id}-title`} class="confirm__title">
          {props.question.title}
        </h2>
        <p id={`${id}-body`} class="confirm__body">
          {props.question.body}
        </p>
        <div class="confirm__actions">
          {/* First, so that it has the focus: Enter by reflex loses nothing. */}
          <Button onPress={() => answer(false)}>{props.question.cancel ?? 'Cancel'}</Button>
          <Button variant="danger" onPress={() => answer(true)}>
            {props.question.confirm}
          </Button>
        </div>
      </div>
    </dialog>
  );
};

export const ConfirmHost = (): JSX.Element => {
  const app = useApp();
  return (
    <Show when={app.confirm.question()} keyed>
      {(question) => <Dialog question={question} onAnswer={(yes) => app.confirm.answer(yes)} />}
    </Show>
  );
};
