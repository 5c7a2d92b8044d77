/** Where a person tells a session something: the answer to its question, or a further instruction. */
import { createSignal, createUniqueId, Show, untrack } from 'solid-js';
import type { JSX } from 'solid-js';
import { sessionHasEnded } from '../../../src/contracts/sessions.ts';
import type { SessionView } from '../../../src/contracts/sessions.ts';
import { Button } from '../../kit/button.tsx';
import { useApp } from '../../state/app.tsx';
import type { Ticket } from '../../state/ticket.ts';
import { FileButton, FileDrop } from './file-drop.tsx';
import { createUploads } from './uploads.ts';

const wordsFor = ({ question, status }: SessionView): { label: string; placeholder: string; send: string } => {
  if (question !== null) return { label: 'Your answer', placeholder: 'Your answer', send: 'Answer' };
  if (sessionHasEnded(status))
    return { label: 'A further instruction', placeholder: 'How shall it go on?', send: 'Go on' };
  return status === 'pause'
    ? { label: 'A further instruction', placeholder: 'An instruction, if you like', send: 'Continue' }
    : { label: 'A further instruction', placeholder: 'Tell it something', send: 'Send' };
};

export const SayBox = (props: { session: SessionView; ticket: Ticket }): JSX.Element => {
  const app = useApp();
  const id = createUniqueId();
  const uploads = createUploads(untrack(() => props.ticket));
  const [text, setText] = createSignal('');
  const words = () => wordsFor(props.session);
  /** After a pause it goes on without a word. */
  const needsWords = (): boolean => props.session.status !== 'pause' || props.session.question !== null;
  const why = (): string | null =>
    uploads.why() ?? (needsWords() && text().trim() === '' ? 'Write something first' : app.blocked());
  const send = async (): Promise<void> => {
    await app.client.request('sessions:continue', {
      id: props.session.id,
      prompt: text(),
      fileIds: uploads.fileIds(),
    });
    setText('');
    uploads.clear();
  };
  return (
    <form
      class="say"
      aria-label={words().label}
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <Show when={props.session.question}>{(question) => <p class="say__question">{question()}</p>}</Show>
      <FileDrop uploads={uploads}>
        <textarea
          id={id}
          class="input say__text"
          rows="2"
          aria-label={words().label}
          placeholder={words().placeholder}
          value={text()}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing || why() !== null) return;
            event.preventDefault();
            send().catch((error: unknown) => app.toasts.failure('It was not told', error));
          }}
        />
      </FileDrop>
      <div class="say__row">
        <FileButton uploads={uploads} />
        <Button
          variant={props.session.question === null ? 'secondary' : 'primary'}
          icon={props.session.status === 'pause' ? 'play' : 'arrowUp'}
          failure="It was not told"
          disabledReason={why()}
          onPress={send}
        >
          {words().send}
        </Button>
      </div>
    </form>
  );
};
