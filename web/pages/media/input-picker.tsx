/** What a tool works on: media that are there, or a file that is sent to the server. */
import { createSignal, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { MediaToolView, MediaView } from '../../../src/contracts/media.ts';
import { Button } from '../../kit/button.tsx';
import { Select } from '../../kit/field.tsx';
import { ProgressBar } from '../../kit/progress-bar.tsx';
import { sendFile } from '../../net/send-file.ts';
import type { MediaStore } from './media-store.ts';
import { factsOf, nameOf } from './words.ts';

const ACCEPTS: Readonly<Record<string, string>> = {
  image: 'image/*',
  video: 'video/*',
  audio: 'audio/*',
  text: 'text/*',
};

export const InputPicker = (props: {
  store: MediaStore;
  tool: MediaToolView;
  value: string | null;
  onChange: (id: string | null) => void;
}): JSX.Element => {
  let file!: HTMLInputElement;
  const [progress, setProgress] = createSignal<number | null>(null);
  const [over, setOver] = createSignal(false);
  const [problem, setProblem] = createSignal<string | null>(null);
  const fitting = (): MediaView[] =>
    props.store.gallery().filter(({ kind }) => kind !== null && props.tool.accepts.includes(kind));
  const choices = (): { value: string; label: string }[] => [
    { value: '', label: fitting().length === 0 ? 'Nothing is here yet' : 'Choose…' },
    ...fitting().map((media) => ({
      value: media.id,
      label: `${nameOf(media, props.store).slice(0, 48)} (${factsOf(media)})`,
    })),
  ];
  const send = async (chosen: File): Promise<void> => {
    setProblem(null);
    setProgress(0);
    try {
      const { media } = await sendFile<{ media: MediaView }>(
        props.store.address('/media', `label=${encodeURIComponent(chosen.name)}`),
        chosen,
        setProgress,
      );
      props.store.put(media);
      if (media.kind === null || !props.tool.accepts.includes(media.kind))
        setProblem(`That is a ${media.kind ?? 'file'}; ${props.tool.title} takes ${props.tool.accepts.join(' or ')}.`);
      else props.onChange(media.id);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setProgress(null);
    }
  };
  const take = (list: FileList | null | undefined): void => {
    const chosen = list?.[0];
    if (chosen !== undefined) void send(chosen);
  };

  return (
    <div
      class="media-input"
      data-over={over() ? '' : undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      }}
    >
      <span class="labelled__label">{props.tool.input === 'required' ? 'Made of' : 'Made of (if you like)'}</span>
      <Show when={props.value !== null && props.store.find(props.value)}>
        {(media) => (
          <Show when={media().thumbnailUrl}>
            {(url) => <img class="media-input__picture" src={props.store.address(url())} alt="" />}
          </Show>
        )}
      </Show>
      <div class="media-input__row">
        <Select
          label="Made of"
          value={props.value ?? ''}
          choices={choices()}
          onChange={(id) => props.onChange(id === '' ? null : id)}
        />
        <input
          ref={file}
          type="file"
          hidden
          accept={props.tool.accepts
            .map((kind) => ACCEPTS[kind] ?? '')
            .filter(Boolean)
            .join(',')}
          onChange={(event) => {
            take(event.currentTarget.files);
            event.currentTarget.value = '';
          }}
        />
        <Button icon="attach" pending={progress() !== null} onPress={() => file.click()}>
          Upload
        </Button>
      </div>
      <Show when={progress() !== null}>
        <ProgressBar value={progress()} label="Upload" />
      </Show>
      <Show when={problem()}>
        {(words) => (
          <span class="media-field__problem" role="alert">
            {words()}
          </span>
        )}
      </Show>
    </div>
  );
};
