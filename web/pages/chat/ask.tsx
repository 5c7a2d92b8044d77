import { createSignal, onCleanup, onMount } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { Composer } from '../../kit/composer.tsx';
import { useApp } from '../../state/app.tsx';
import { AttachedFiles } from './attached-files.tsx';
import { readAttachment } from './attachments.ts';
import { MOST_IMAGES } from './images.ts';
import { hearsSounds, readsImages } from './models.ts';
import { NOTHING_ATTACHED } from './types.ts';
import type { Attachments } from './types.ts';

export interface AskProps {
  model: ModelView | null;
  busy: boolean;
  onSend: (content: string, attached: Attachments) => void;
  onStop: () => void;
  /** Changes with the conversation: the field gets the focus again. */
  key: string;
}

/** Where a question is written. Enter sends, Shift and Enter make a line, Escape stops the answer. */
export const Ask = (props: AskProps): JSX.Element => {
  const app = useApp();
  const [text, setText] = createSignal('');
  const [attached, setAttached] = createSignal(NOTHING_ATTACHED);
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

  const send = (): void => {
    if (props.busy || why() !== null) return;
    props.onSend(text().trim(), attached());
    setText('');
    setAttached(NOTHING_ATTACHED);
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
    <Composer
      text={text()}
      onText={setText}
      placeholder={props.model === null ? 'No model to talk to' : `Message ${displayName(props.model)}`}
      why={why()}
      onSend={send}
      stop={props.busy ? { label: 'Stop', tip: 'Stop (Esc)', run: () => props.onStop() } : null}
      files={props.model === null ? null : { label: attachLabel(), picker: 'Files to attach', take: attach }}
      images={attached().images}
      onRemoveImage={(index) =>
        setAttached((held) => ({ ...held, images: held.images.filter((_, at) => at !== index) }))
      }
      focusOn={props.key}
    >
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
    </Composer>
  );
};
