import { createSignal, For, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { AgentView, Attachment } from '../../../src/contracts/channels.ts';
import { IconButton } from '../../kit/button.tsx';
import { Icon } from '../../kit/icons.tsx';
import { useApp } from '../../state/app.tsx';
import { imageUrl, MOST_IMAGES } from '../chat/images.ts';

/** Where something is said. Enter sends, Shift and Enter make a line; an agent's name is put in by its button. */
export const Say = (props: {
  name: string;
  /** Agents to mention; none in a DM, where they answer everything. */
  agents: readonly AgentView[];
  working: boolean;
  onSay: (text: string, attachments: Attachment[]) => Promise<void>;
  onType: () => void;
  onStop: () => void;
}): JSX.Element => {
  const app = useApp();
  const [text, setText] = createSignal('');
  const [images, setImages] = createSignal<readonly string[]>([]);
  const [sending, setSending] = createSignal(false);
  let field!: HTMLTextAreaElement;
  let picker!: HTMLInputElement;
  const why = (): string | null => app.blocked() ?? (text().trim() === '' ? 'Write something first' : null);

  const grow = (): void => {
    field.style.height = 'auto';
    field.style.height = `${String(field.scrollHeight)}px`;
  };
  const send = async (): Promise<void> => {
    if (sending() || why() !== null) return;
    const [words, urls] = [text(), images()];
    setSending(true);
    setText('');
    setImages([]);
    queueMicrotask(grow);
    try {
      await props.onSay(
        words.trim(),
        urls.map((url) => ({ url, type: 'image/jpeg' })),
      );
    } catch (error) {
      // Nothing that somebody wrote is lost because it could not be sent.
      setText((newer) => (newer === '' ? words : `${words}\n${newer}`));
      setImages(urls);
      queueMicrotask(grow);
      app.toasts.failure('The message was not sent', error);
    } finally {
      setSending(false);
    }
  };
  const attach = (files: readonly File[]): void => {
    const wanted = files.filter((file) => file.type.startsWith('image/')).slice(0, MOST_IMAGES - images().length);
    Promise.all(wanted.map(imageUrl)).then(
      (urls) => setImages((held) => [...held, ...urls]),
      (error: unknown) => app.toasts.failure('The image was not attached', error),
    );
  };
  const mention = (agent: AgentView): void => {
    setText((held) => `${held}${held === '' || held.endsWith(' ') ? '' : ' '}@${agent.name} `);
    field.focus();
  };
  onMount(() => field.focus({ preventScroll: true }));

  return (
    <form
      class="composer"
      aria-label="Your message"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        attach([...(event.dataTransfer?.files ?? [])]);
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
      <Show when={props.agents.length > 0}>
        <div class="mentions" role="group" aria-label="Mention an agent">
          <For each={props.agents}>
            {(agent) => (
              <button type="button" class="mention" onClick={() => mention(agent)}>
                @{agent.name}
              </button>
            )}
          </For>
        </div>
      </Show>
      <div class="composer__row">
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
        <textarea
          ref={field}
          class="composer__field"
          rows="1"
          aria-label="Message"
          placeholder={`Message ${props.name}`}
          value={text()}
          onInput={(event) => {
            setText(event.currentTarget.value);
            grow();
            props.onType();
          }}
          onPaste={(event) => {
            const files = [...(event.clipboardData?.files ?? [])];
            if (files.length === 0) return;
            event.preventDefault();
            attach(files);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void send();
          }}
        />
        <Show when={props.working && text().trim() === ''}>
          <button
            type="button"
            class="composer__send"
            aria-label="Stop the agents"
            data-tip="Stop the agents"
            onClick={() => props.onStop()}
          >
            <Icon name="stop" size={18} />
          </button>
        </Show>
        <Show when={!props.working || text().trim() !== ''}>
          <button
            type="submit"
            class="composer__send"
            aria-label="Send"
            data-tip={why() ?? 'Send (Enter)'}
            aria-disabled={why() === null ? undefined : 'true'}
          >
            <Icon name="arrowUp" size={18} />
          </button>
        </Show>
      </div>
    </form>
  );
};
