import { createEffect, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { IconButton } from '../../kit/button.tsx';
import { Icon } from '../../kit/icons.tsx';
import { useApp } from '../../state/app.tsx';
import { AttachedFiles } from './attached-files.tsx';
import { readAttachment } from './attachments.ts';
import { MOST_IMAGES } from './images.ts';
import { hearsSounds, readsImages } from './models.ts';
import { NOTHING_ATTACHED } from './types.ts';
import type { Attachments } from './types.ts';

export interface ComposerProps {
  model: ModelView | null;
  busy: boolean;
  onSend: (content: string, attached: Attachments) => void;
  onStop: () => void;
  /** Changes with the conversation: the field gets the focus again. */
  key: string;
}

/** Where a question is written. Enter sends, Shift and Enter make a line, Escape stops the answer. */
export const Composer = (props: ComposerProps): JSX.Element => {
  const app = useApp();
  const [text, setText] = createSignal('');
  const [attached, setAttached] = createSignal(NOTHING_ATTACHED);
  let field!: HTMLTextAreaElement;
  let picker!: HTMLInputElement;
  const senses = () => ({ images: readsImages(props.model), sounds: hearsSounds(props.model) });
  const count = (): number => attached().images.length + attached().files.length + attached().sounds.length;
  const attachLabel = (): string =>
    senses().images
      ? senses().sounds
        ? 'Attach an image, a recording or a text file'
        : 'Attach an image or a text file'
      : senses().sounds
        ? 'Attach a recording or a text file'
        : 'Attach a text file';
  const why = (): string | null =>
    props.model === null
      ? 'There is no model to talk to'
      : (app.blocked() ?? (text().trim() === '' && count() === 0 ? 'Write something first' : null));

  const grow = (): void => {
    field.style.height = 'auto';
    field.style.height = `${String(field.scrollHeight)}px`;
  };
  const send = (): void => {
    if (props.busy || why() !== null) return;
    props.onSend(text().trim(), attached());
    setText('');
    setAttached(NOTHING_ATTACHED);
    queueMicrotask(grow);
  };
  const attach = (files: readonly File[]): void => {
    const able = senses();
    for (const file of files.slice(0, MOST_IMAGES - count()))
      readAttachment(file, able).then(
        (one) =>
          setAttached((held) => ({
            images: [...held.images, ...one.images],
            files: [...held.files, ...one.files],
            sounds: [...held.sounds, ...one.sounds],
          })),
        (error: unknown) => app.toasts.failure(`${file.name} was not attached`, error),
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
        if (props.model !== null) event.preventDefault();
      }}
      onDrop={(event) => {
        if (props.model === null || event.dataTransfer === null) return;
        event.preventDefault();
        attach([...event.dataTransfer.files]);
      }}
    >
      <Show when={attached().images.length > 0}>
        <ul class="composer__images">
          <For each={attached().images}>
            {(url, index) => (
              <li class="composer__image">
                <img src={url} alt={`Attachment ${String(index() + 1)}`} />
                <button
                  type="button"
                  class="composer__remove"
                  aria-label={`Remove attachment ${String(index() + 1)}`}
                  onClick={() =>
                    setAttached((held) => ({ ...held, images: held.images.filter((_, at) => at !== index()) }))
                  }
                >
                  <Icon name="close" size={12} />
                </button>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <AttachedFiles
        files={attached().files}
        sounds={attached().sounds}
        onRemove={(gone) =>
          setAttached((held) => ({
            ...held,
            files: held.files.filter((file) => file !== gone),
            sounds: held.sounds.filter((sound) => sound !== gone),
          }))
        }
      />
      <div class="composer__row">
        <Show when={props.model !== null}>
          <input
            ref={picker}
            class="visually-hidden"
            type="file"
            multiple
            tabindex="-1"
            aria-label="Files to attach"
            onChange={(event) => {
              attach([...(event.currentTarget.files ?? [])]);
              event.currentTarget.value = '';
            }}
          />
          <IconButton icon="attach" label={attachLabel()} onPress={() => picker.click()} />
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
            if (props.model === null || files.length === 0) return;
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
