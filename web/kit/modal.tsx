import { createUniqueId, onMount } from 'solid-js';
import type { JSX } from 'solid-js';
import { IconButton } from './button.tsx';
import './modal.css';

/** A native dialog: it traps the focus, closes on Escape or a click beside it, and gives the focus back to where it was. */
export const Modal = (props: {
  title: string;
  /** The title is for screen readers only. */
  bare?: boolean;
  wide?: boolean;
  /** It closes by its buttons only: what it shows would be lost by a slip. */
  firm?: boolean;
  onClose: () => void;
  children: JSX.Element;
}): JSX.Element => {
  const id = createUniqueId();
  let dialog!: HTMLDialogElement;
  onMount(() => {
    dialog.showModal();
  });
  return (
    <dialog
      ref={dialog}
      class="modal"
      data-bare={props.bare === true ? '' : undefined}
      data-wide={props.wide === true ? '' : undefined}
      aria-labelledby={id}
      onClose={() => props.onClose()}
      onCancel={(event) => {
        if (props.firm === true) event.preventDefault();
      }}
      onClick={(event) => {
        if (event.target === dialog && props.firm !== true) dialog.close();
      }}
    >
      <div class="modal__box">
        <header classList={{ modal__head: props.bare !== true, 'visually-hidden': props.bare === true }}>
          <h2 id={id} class="modal__title">
            {props.title}
          </h2>
          <IconButton icon="close" label="Close" onPress={() => dialog.close()} />
        </header>
        {props.children}
      </div>
    </dialog>
  );
};
