/** Files by picking or dropping, each with how far it is. */
import { createSignal, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { bytes } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { Icon } from '../../kit/icons.tsx';
import { ProgressBar } from '../../kit/progress-bar.tsx';
import type { Uploads } from './uploads.ts';

/** Wraps what files may be dropped on. */
export const FileDrop = (props: { uploads: Uploads; children: JSX.Element }): JSX.Element => {
  const [over, setOver] = createSignal(false);
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
  return (
    <div
      class="file-drop"
      data-over={over() ? '' : undefined}
      onDragOver={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(false);
        props.uploads.add([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      {props.children}
      <Show when={props.uploads.list().length > 0}>
        <ul class="uploads" aria-label="Attached files">
          <For each={props.uploads.list().map(({ key }) => key)}>
            {(key) => (
              <Show when={props.uploads.list().find((one) => one.key === key)}>
                {(upload) => (
                  <li class="upload" data-problem={upload().problem === null ? undefined : ''}>
                    <Icon name={upload().file?.kind === 'image' ? 'image' : 'text'} />
                    <span class="upload__name">{upload().name}</span>
                    <span class="upload__size">{bytes(upload().size)}</span>
                    <button
                      type="button"
                      class="upload__remove"
                      aria-label={`Take out ${upload().name}`}
                      onClick={() => props.uploads.remove(key)}
                    >
                      <Icon name="close" size={12} />
                    </button>
                    <Show when={upload().file === null && upload().problem === null}>
                      <span class="upload__bar">
                        <ProgressBar value={upload().percent} label={`${upload().name} is being sent`} />
                      </span>
                    </Show>
                    <Show when={upload().problem}>
                      {(words) => (
                        <span class="upload__problem" role="alert">
                          {words()}
                        </span>
                      )}
                    </Show>
                  </li>
                )}
              </Show>
            )}
          </For>
        </ul>
      </Show>
    </div>
  );
};

export const FileButton = (props: { uploads: Uploads }): JSX.Element => {
  let picker!: HTMLInputElement;
  return (
    <>
      <input
        ref={picker}
        class="visually-hidden"
        type="file"
        multiple
        tabindex="-1"
        aria-label="Files to attach"
        onChange={(event) => {
          props.uploads.add([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = '';
        }}
      />
      <Button icon="attach" variant="quiet" onPress={() => picker.click()}>
        Attach files
      </Button>
    </>
  );
};
