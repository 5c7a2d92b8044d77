import { createEffect, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { IconButton } from '../../kit/button.tsx';
import { Icon } from '../../kit/icons.tsx';
import { useApp } from '../../state/app.tsx';
import { imageUrl, MOST_IMAGES } from './images.ts';
import { readsImages } from './models.ts';

export interface ComposerProps {
  model: ModelView | null;
  busy: boolean;
  onSend: (content: string, images: string[]) => void;
  onStop: () => void;
  /** Changes with the conversation: the field gets the focus again. */
  key: string;
}

/** Where a question is written. Enter sends, Shift and Enter make a line, Escape stops the answer. */
export const Composer = (props: ComposerProps): JSX.Element => {
  const app = useApp();
  const [text, setText] = createSignal('');
  const [images, setImages] = createSignal<readonly string[]>([]);
  let field!: HTMLTextAreaElement;
  let picker!: HTMLInputElement;
  const withImages = (): boolean => readsImages(props.model);
  const why = (): string | null =>
    props.model === null
      ? 'There is no model to talk to'
      : (app.blocked() ?? (text().trim() === '' && images().length === 0 ? 'Write something first' : null));

  const grow = (): void => {
    field.style.height = 'auto';
    field.style.height = `${String(field.scrollHeight)}px`;
  };
  const send = (): void => {
    if (props.busy || why() !== null) return;
    props.onSend(text().trim(), [...images()]);
    setText('');
    setImages([]);
    queueMicrotask(grow);
  };
  const attach = (files: readonly File[]): void => {
    const wanted = files.filter((file) => file.type.startsWith('image/')).slice(0, MOST_IMAGES - images().length);
    Promise.all(wanted.map(imageUrl)).then(
      (urls) => setImages((held) => [...held, ...urls]),
      (error: unknown) => app.toasts.failure('The image was not attached', error),
    );
  };
  createEffect(
    on(
      () => props.key,
      () => field.focus({ preventScroll: true }),
    ),
  );
  const onEscape = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && props.busy && document.querySelector('dialog[open]') === null) props.onStop();
  };
  onMount(() => {
    document.addEventListener('keydown', onEscape);
  });
  onCleanup(() => {
    document.removeEventListener('keydown', onEscape);
  });

  return (
    <form
      class="composer"
      aria-label="Your message"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onDragOver={(event) => {
        if (withImages()) event.preventDefault();
      }}
      onDrop={(event) => {
        if (!withImages() || event.dataTransfer === null) return;
        event.preventDefault();
        attach([...event.dataTransfer.files]);
      }}
    >
      <Show when={images().length > 0}>
        <ul class="composer__images">
          <For each={images()}>
            {(url, index) => (
              <li class="composer__image">
                <img src={url} alt={`Attachment ${String(index() + 1)}`} />
                <button
                  type="button"
                  class="composer__remove"
                  aria-label={`Remove attachment ${String(index() + 1)}`}
                  onClick={() => setImages((held) => held.filter((_, at) => at !== index()))}
                >
                  <Icon name="close" size={12} />
                </button>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <div class="composer__row">
        <Show when={withImages()}>
          <input
            ref={picker}
            class="visually-hidden"
            type="file"
            accept="image/*"
            multiple
            tabindex="-1"
            aria-label="Images to attach"
            onChange={(event) => {
              attach([...(event.currentTarget.files ?? [])]);
              event.currentTarget.value = '';
            }}
          />
          <IconButton icon="attach" label="Attach an image" onPress={() => picker.click()} />
        </Show>
        <textarea
          ref={field}
          class="composer__field"
          rows="1"
          aria-label="Message"
          placeholder={props.model === null ? 'No model to talk to' : `Message ${displayName(props.model)}`}
          value={text()}
          onInput={(event) => {
            setText(event.currentTarget.value);
            grow();
          }}
          onPaste={(event) => {
            const files = [...(event.clipboardData?.files ?? [])];
            if (!withImages() || files.length === 0) return;
            event.preventDefault();
            attach(files);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <Show
          when={props.busy}
          fallback={
            <button
              type="submit"
              class="composer__send"
              aria-label="Send"
              data-tip={why() ?? 'Send (Enter)'}
              aria-disabled={why() === null ? undefined : 'true'}
            >
              <Icon name="arrowUp" size={18} />
            </button>
          }
        >
          <button
            type="button"
            class="composer__send"
            aria-label="Stop"
            data-tip="Stop (Esc)"
            onClick={() => props.onStop()}
          >
            <Icon name="stop" size={18} />
          </button>
        </Show>
      </div>
    </form>
  );
};
