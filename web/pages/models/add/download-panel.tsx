import { createResource, createSignal, For, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import { STARTER_MODELS } from '../../../data/starter-models.ts';
import { bytes } from '../../../format/numbers.ts';
import { Button } from '../../../kit/button.tsx';
import { Downloads } from '../../../shell/downloads.tsx';
import { answerOf } from '../../../state/answer.ts';
import { useApp } from '../../../state/app.tsx';
import { messageOf } from '../../../state/toasts.ts';
import { sourceOf } from './source-text.ts';
import { VariantList } from './variant-list.tsx';

/** The repository of a starter, without the quantisation that the list names: here one chooses. */
const repositoryOf = (source: string): string => source.replace(/^hf:/, '').replace(/:.*$/, '');

/** A repository or an address, what it offers, and one button for each. */
export const DownloadPanel = (props: { source: string; onSource: (source: string) => void }): JSX.Element => {
  const app = useApp();
  const initial = (): string => props.source;
  const [typed, setTyped] = createSignal(initial());
  const [answer, { refetch }] = createResource(
    () => props.source !== '' && app.isLive() && sourceOf(props.source),
    async (source) => ({ source, options: (await app.client.request('downloads:options', { source })).options }),
  );
  const ask = (text: string): void => {
    setTyped(text);
    if (text.trim() === '') return;
    // Asked again for the same words: the answer may be another one by now.
    if (text.trim() === props.source) void refetch();
    else props.onSource(text.trim());
  };
  return (
    <div class="add__panel">
      <form
        class="add__ask"
        onSubmit={(event) => {
          event.preventDefault();
          ask(typed());
        }}
      >
        <label class="labelled">
          <span class="labelled__label">Repository on Hugging Face, or the address of a GGUF file</span>
          <input
            class="input"
            autofocus
            spellcheck={false}
            autocapitalize="off"
            placeholder="ggml-org/Qwen3-4B-GGUF"
            value={typed()}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <Button
          icon="search"
          pending={answer.loading}
          disabledReason={app.blocked() ?? (typed().trim() === '' ? 'Write where it is first' : null)}
          onPress={() => ask(typed())}
        >
          Look
        </Button>
        <input type="submit" hidden />
      </form>
      <Downloads />
      <Switch>
        <Match when={answer.loading}>
          <p class="add__note" role="status">
            Asking what there is…
          </p>
        </Match>
        <Match when={answer.error as unknown}>
          {(error) => (
            <p class="field-row__error" role="alert">
              {messageOf(error())}
            </p>
          )}
        </Match>
        <Match when={answerOf(answer)}>
          {(found) => <VariantList options={found().options} source={found().source} />}
        </Match>
        <Match when={props.source === ''}>
          <div>
            <p class="add__note">Good ones to begin with:</p>
            <ul class="add__starters">
              <For each={STARTER_MODELS}>
                {(model) => (
                  <li>
                    <button type="button" class="add__starter" onClick={() => ask(repositoryOf(model.source))}>
                      <strong>{model.name}</strong>
                      <span>about {bytes(model.size)}</span>
                      <span class="add__starter-for">{model.goodFor}</span>
                    </button>
                  </li>
                )}
              </For>
            </ul>
          </div>
        </Match>
      </Switch>
      <Show when={app.slices.config()?.modelsDir}>
        {(folder) => (
          <p class="add__note">
            It goes into <code>{folder()}</code>, is checked, and shows up in the list by itself.
          </p>
        )}
      </Show>
    </div>
  );
};
