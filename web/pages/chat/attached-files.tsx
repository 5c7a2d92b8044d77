import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { bytes } from '../../format/numbers.ts';
import { Icon } from '../../kit/icons.tsx';
import type { Sound, TextFile } from './types.ts';

const sizeOf = (file: TextFile | Sound): string =>
  'text' in file ? bytes(new Blob([file.text]).size) : file.format.toUpperCase();

/** Text files and recordings that go along with a question; nothing at all while there are none. */
export const AttachedFiles = (props: {
  files: readonly TextFile[];
  sounds: readonly Sound[];
  onRemove?: (gone: TextFile | Sound) => void;
}): JSX.Element => {
  const all = (): readonly (TextFile | Sound)[] => [...props.files, ...props.sounds];
  return (
    <Show when={all().length > 0}>
      <ul class="attached" aria-label="Attached files">
        <For each={all()}>
          {(file) => (
            <li class="attached__file">
              <Icon name={'text' in file ? 'text' : 'audio'} size={16} />
              <span class="attached__name">{file.name}</span>
              <span class="attached__size">{sizeOf(file)}</span>
              <Show when={props.onRemove}>
                {(onRemove) => (
                  <button
                    type="button"
                    class="attached__remove"
                    aria-label={`Remove ${file.name}`}
                    onClick={() => onRemove()(file)}
                  >
                    <Icon name="close" size={12} />
                  </button>
                )}
              </Show>
            </li>
          )}
        </For>
      </ul>
    </Show>
  );
};
