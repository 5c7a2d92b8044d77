import { createSignal, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { AgentView, Attachment } from '../../../src/contracts/channels.ts';
import { Composer } from '../../kit/composer.tsx';
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
  /** How many were put in: each gives the field the focus. */
  const [mentions, setMentions] = createSignal(0);
  const why = (): string | null => app.blocked() ?? (text().trim() === '' ? 'Write something first' : null);

  const send = async (): Promise<void> => {
    if (sending() || why() !== null) return;
    const [words, urls] = [text(), images()];
    setSending(true);
    setText('');
    setImages([]);
    try {
      await props.onSay(
        words.trim(),
        urls.map((url) => ({ url, type: 'image/jpeg' })),
      );
    } catch (error) {
      // Nothing that somebody wrote is lost because it could not be sent.
      setText((newer) => (newer === '' ? words : `${words}\n${newer}`));
      setImages(urls);
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
    setMentions((held) => held + 1);
  };

  return (
    <Composer
      text={text()}
      onText={(words) => {
        setText(words);
        props.onType();
      }}
      placeholder={`Message ${props.name}`}
      why={why()}
      onSend={() => void send()}
      stop={
        props.working && text().trim() === ''
          ? { label: 'Stop the agents', tip: 'Stop the agents', run: () => props.onStop() }
          : null
      }
      files={{ label: 'Attach an image', picker: 'Images to attach', accept: 'image/*', take: attach }}
      images={images()}
      onRemoveImage={(index) => setImages((held) => held.filter((_, at) => at !== index))}
      focusOn={mentions()}
    >
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
    </Composer>
  );
};
