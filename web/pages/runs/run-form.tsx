import { createMemo, createSignal, createUniqueId, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { LONGEST_PROMPT } from '../../../src/contracts/runs.ts';
import type { RunToolView, RunView } from '../../../src/contracts/runs.ts';
import { displayName } from '../../format/model.ts';
import { grouped } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { Select } from '../../kit/field.tsx';
import { useApp } from '../../state/app.tsx';

/** Whether a local model answers, so that one of them can be chosen. */
const asksLocally = (tool: RunToolView | undefined): boolean => tool?.kind === 'builtin' || tool?.kind === 'claude';

/** A prompt and who shall work on it. */
export const RunForm = (props: { tools: readonly RunToolView[]; onStarted: (run: RunView) => void }): JSX.Element => {
  const app = useApp();
  const id = createUniqueId();
  const [prompt, setPrompt] = createSignal('');
  const [chosen, setChosen] = createSignal('');
  const [model, setModel] = createSignal('');
  const [system, setSystem] = createSignal('');
  const [folder, setFolder] = createSignal('');
  const tool = createMemo(() => props.tools.find(({ name }) => name === chosen()) ?? props.tools[0]);
  const models = createMemo(() =>
    app.live
      .models()
      .filter(({ metadata, problem }) => problem === null && metadata?.outputModalities.includes('text') !== false),
  );
  const folders = (): readonly string[] => app.slices.config()?.['runs.directories'] ?? [];
  const why = (): string | null => {
    if (prompt().trim() === '') return 'Write what it shall do first';
    if (prompt().length > LONGEST_PROMPT) return `A prompt has ${grouped(LONGEST_PROMPT)} characters at most`;
    return app.blocked();
  };
  const start = async (): Promise<void> => {
    const { name } = tool() ?? { name: undefined };
    const { run } = await app.client.request('runs:start', {
      prompt: prompt(),
      ...(name === undefined ? {} : { tool: name }),
      ...(asksLocally(tool()) && model() !== '' ? { model: model() } : {}),
      ...(system().trim() === '' ? {} : { systemPrompt: system() }),
      ...(folder() === '' ? {} : { cwd: folder() }),
    });
    setPrompt('');
    props.onStarted(run);
  };

  return (
    <form
      class="run-form card"
      aria-label="New run"
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <label class="visually-hidden" for={`${id}-prompt`}>
        Prompt
      </label>
      <textarea
        id={`${id}-prompt`}
        class="input run-form__prompt"
        rows="3"
        placeholder="What shall it do?"
        value={prompt()}
        onInput={(event) => setPrompt(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || why() !== null) return;
          event.preventDefault();
          start().catch((error: unknown) => app.toasts.failure('The run was not started', error));
        }}
      />
      <div class="run-form__row">
        <Show when={props.tools.length > 1}>
          <Select
            label="Command"
            value={tool()?.name ?? ''}
            choices={props.tools.map(({ name, kind }) => ({
              value: name,
              label: kind === 'builtin' ? 'Local model' : name,
            }))}
            onChange={setChosen}
          />
        </Show>
        <Show when={asksLocally(tool()) && models().length > 0}>
          <Select
            label="Model"
            value={model()}
            choices={[
              { value: '', label: 'Any model' },
              ...models().map((one) => ({ value: one.id, label: displayName(one) })),
            ]}
            onChange={setModel}
          />
        </Show>
        <span class="run-form__start">
          <Button
            variant="primary"
            icon="play"
            failure="The run was not started"
            disabledReason={why()}
            onPress={start}
          >
            Run
          </Button>
        </span>
      </div>
      <details class="run-form__more">
        <summary>System prompt and folder</summary>
        <label class="run-form__field">
          <span>System prompt</span>
          <textarea class="input" rows="2" value={system()} onInput={(event) => setSystem(event.currentTarget.value)} />
        </label>
        <label class="run-form__field">
          <span>Folder to work in</span>
          <input
            class="input"
            type="text"
            spellcheck={false}
            list={`${id}-folders`}
            placeholder="A folder of its own"
            value={folder()}
            onInput={(event) => setFolder(event.currentTarget.value)}
          />
          <datalist id={`${id}-folders`}>
            <For each={folders()}>{(path) => <option value={path} />}</For>
          </datalist>
        </label>
      </details>
    </form>
  );
};
