/** Where a message is written: it grows with its words, takes files by picking, pasting and dropping, and Enter sends. */
import { createEffect, For, on, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { IconButton } from './button.tsx';
import { Icon } from './icons.tsx';
import './composer.css';

export const Composer = (props: {
  text: string;
  onText: (text: string) => void;
  placeholder: string;
  /** Why nothing can be sent now; null when something can. */
  why: string | null;
  onSend: () => void;
  /** Takes the place of sending; null when there is nothing to stop. */
  stop: { label: string; tip: string; run: () => void } | null;
  /** Null takes no files. */
  files: { label: string; picker: string; accept?: string; take: (files: readonly File[]) => void } | null;
  /** Addresses of the images that go with it. */
  images: readonly string[];
  onRemoveImage: (index: number) => void;
  /** The field gets the focus whenever this changes. */
  focusOn: unknown;
  /** Between the images and the field. */
  children?: JSX.Element;
}): JSX.Element => {
  let field!: HTMLTextAreaElement;
  let picker!: HTMLInputElement;
  const grow = (): void => {
    field.style.height = 'auto';
    field.style.height = `${String(field.scrollHeight)}px`;
  };
  createEffect(on(() => props.text, grow, { defer: true }));
  createEffect(
    on(
      () => props.focusOn,
      () => field.focus({ preventScroll: true }),
    ),
  );
  return (
    <form
      class="composer"
      aria-label="Your message"
      onSubmit={(event) => {
        event.preventDefault();
        props.onSend();
      }}
      onDragOver={(event) => {
        if (props.files !== null) event.preventDefault();
      }}
      onDrop={(event) => {
        if (props.files === null || event.dataTransfer === null) return;
        event.preventDefault();
        props.files.take([...event.dataTransfer.files]);
      }}
    >
      <Show when={props.images.length > 0}>
        <ul class="composer__images">
          <For each={props.images}>
            {(url, index) => (
              <li class="composer__image">
                <img src={url} alt={`Attachment ${String(index() + 1)}`} />
                <button
                  type="button"
                  class="composer__remove"
                  aria-label={`Remove attachment ${String(index() + 1)}`}
                  onClick={() => props.onRemoveImage(index())}
                >
                  <Icon name="close" size={12} />
                </button>
              </li>
            )}
          </For>
        </ul>
      </Show>
      {props.children}
      <div class="composer__row">
        <Show when={props.files}>
          {(files) => (
            <>
              <input
                ref={picker}
                class="visually-hidden"
                type="file"
                accept={files().accept}
                multiple
                tabindex="-1"
                aria-label={files().picker}
                onChange={(event) => {
                  files().take([...(event.currentTarget.files ?? [])]);
                  event.currentTarget.value = '';
                }}
              />
              <IconButton icon="attach" label={files().label} onPress={() => picker.click()} />
            </>
          )}
        </Show>
        <textarea
          ref={field}
          class="composer__field"
          rows="1"
          aria-label="Message"
          placeholder={props.placeholder}
          value={props.text}
          onInput={(event) => props.onText(event.currentTarget.value)}
          onPaste={(event) => {
            const files = [...(event.clipboardData?.files ?? [])];
            if (props.files === null || files.length === 0) return;
            event.preventDefault();
            props.files.take(files);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            props.onSend();
          }}
        />
        <Show
          when={props.stop}
          fallback={
            <button
              type="submit"
              class="composer__send"
              aria-label="Send"
              data-tip={props.why ?? 'Send (Enter)'}
              aria-disabled={props.why === null ? undefined : 'true'}
            >
              <Icon name="arrowUp" size={18} />
            </button>
          }
        >
          {(stop) => (
            <button
              type="button"
              class="composer__send"
              aria-label={stop().label}
              data-tip={stop().tip}
              onClick={() => stop().run()}
            >
              <Icon name="stop" size={18} />
            </button>
          )}
        </Show>
      </div>
    </form>
  );
};
