import { createSignal, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { displayName } from '../../../format/model.ts';
import { Button } from '../../../kit/button.tsx';
import { Select } from '../../../kit/field.tsx';
import { useApp } from '../../../state/app.tsx';
import { messageOf } from '../../../state/toasts.ts';
import { parseParameters } from '../parameters-text.ts';

/** Its own, so that it stands beside the file's model. */
const idOf = (name: string): string =>
  name
    .trim()
    .replace(/\.gguf$/i, '')
    .replace(/[\\/\s]+/g, '-');

/** A further model from a file that is here already: the same weights under another name, with parameters of its own. */
export const RecordPanel = (props: { onMade: (id: string) => void }): JSX.Element => {
  const app = useApp();
  const files = () =>
    app.live
      .models()
      .flatMap((model) => (model.model_path === null ? [] : [{ value: model.model_path, label: displayName(model) }]))
      .filter(({ value }, index, all) => all.findIndex((other) => other.value === value) === index);
  const [name, setName] = createSignal('');
  const [chosen, setChosen] = createSignal<string | null>(null);
  const [parameters, setParameters] = createSignal('');
  const [refused, setRefused] = createSignal<string | null>(null);
  const [running, setRunning] = createSignal(false);
  const path = (): string | undefined => chosen() ?? files()[0]?.value;
  const problem = (): string | null => {
    const parsed = parseParameters(parameters());
    if (path() === undefined) return 'There is no model file yet: download one first';
    if (name().trim() === '') return 'Give it a name';
    return 'problem' in parsed ? parsed.problem : null;
  };
  const create = async (): Promise<void> => {
    const parsed = parseParameters(parameters());
    const file = path();
    if ('problem' in parsed || file === undefined || problem() !== null || running() || !app.isLive()) return;
    setRunning(true);
    try {
      const { model } = await app.client.request('models:create', {
        model: { id: idOf(name()), name: name().trim(), model_path: file, parameters: parsed.parameters },
      });
      app.toasts.show({ tone: 'success', title: `${displayName(model)} is in the list` });
      props.onMade(model.id);
    } catch (error) {
      setRefused(messageOf(error));
    } finally {
      setRunning(false);
    }
  };
  return (
    <form
      class="add__panel"
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <p class="add__note">
        One file, several models: a long context here, a cool head there. Each has its name, its parameters and its
        place in memory.
      </p>
      <label class="labelled">
        <span class="labelled__label">Name</span>
        <input
          class="input"
          autofocus
          placeholder="qwen-long"
          value={name()}
          onInput={(event) => {
            setRefused(null);
            setName(event.currentTarget.value);
          }}
        />
        <span class="labelled__help">What clients ask for.</span>
      </label>
      <div class="labelled">
        <span class="labelled__label">File</span>
        <Select label="File" value={path() ?? ''} choices={files()} onChange={setChosen} />
      </div>
      <label class="labelled">
        <span class="labelled__label">Parameters</span>
        <textarea
          class="input mono"
          rows="5"
          spellcheck={false}
          placeholder={'ctx-size = 32768\ntemp = 0.2'}
          value={parameters()}
          onInput={(event) => {
            setRefused(null);
            setParameters(event.currentTarget.value);
          }}
        />
        <span class="labelled__help">Flags of llama-server without dashes, one per line.</span>
      </label>
      <Show when={refused()}>
        {(text) => (
          <p class="field-row__error" role="alert">
            {text()}
          </p>
        )}
      </Show>
      <div class="add__actions">
        <Button variant="primary" pending={running()} disabledReason={app.blocked() ?? problem()} onPress={create}>
          Create
        </Button>
        <input type="submit" hidden />
      </div>
    </form>
  );
};
