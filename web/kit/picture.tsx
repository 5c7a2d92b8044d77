/** A small picture that a click shows large. */
import { createSignal, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { Modal } from './modal.tsx';
import './picture.css';

/** `label` says what is on it; `src` is null until its address is known. */
export const Picture = (props: { src: string | null; label: string }): JSX.Element => {
  const [large, setLarge] = createSignal(false);
  return (
    <Show when={props.src}>
      {(src) => (
        <>
          <button type="button" class="picture" aria-label={`Enlarge: ${props.label}`} onClick={() => setLarge(true)}>
            <img class="picture__small" src={src()} alt="" loading="lazy" decoding="async" />
          </button>
          <Show when={large()}>
            <Modal title={props.label} wide onClose={() => setLarge(false)}>
              <div class="modal__body picture__large">
                <img src={src()} alt={props.label} />
              </div>
            </Modal>
          </Show>
        </>
      )}
    </Show>
  );
};
