import { createSignal, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ImportReport } from '../../../../src/contracts/commands.ts';
import { plural } from '../../../format/numbers.ts';
import { Badge } from '../../../kit/badge.tsx';
import { Button } from '../../../kit/button.tsx';
import { useApp } from '../../../state/app.tsx';
import { messageOf } from '../../../state/toasts.ts';

const OUTCOMES = {
  created: { tone: 'loaded', text: 'New' },
  updated: { tone: 'loading', text: 'Changed' },
  'left out': { tone: 'stopping', text: 'Left out' },
} as const;

const Report = (props: { report: ImportReport }): JSX.Element => (
  <div class="import" role="region" aria-label="What the import does">
    <ul class="import__models">
      <For each={props.report.models} fallback={<li>There is no model in it.</li>}>
        {(model) => (
          <li class="import__model">
            <Badge tone={OUTCOMES[model.outcome].tone}>{OUTCOMES[model.outcome].text}</Badge>
            <strong>{model.name}</strong>
            <span class="add__note">{model.file}</span>
          </li>
        )}
      </For>
    </ul>
    <Show when={Object.keys(props.report.settings).length > 0}>
      <p class="add__note">
        Configuration:{' '}
        {Object.entries(props.report.settings)
          .map(([key, value]) => `${key} = ${String(value)}`)
          .join(', ')}
      </p>
    </Show>
    <Show when={props.report.notes.length > 0}>
      <details class="import__notes" open>
        <summary>{plural(props.report.notes.length, 'line')} said in other words, or left out</summary>
        <ul>
          <For each={props.report.notes}>
            {(note) => (
              <li>
                <code>{note.item}</code>
                {note.line === null ? '' : `, line ${String(note.line)}`}: {note.reason}
              </li>
            )}
          </For>
        </ul>
      </details>
    </Show>
  </div>
);

/** Takes over a llama-swap configuration: first what would happen, then on a second button that it does. */
export const ImportPanel = (props: { onDone: () => void }): JSX.Element => {
  const app = useApp();
  const [yaml, setYaml] = createSignal('');
  const [report, setReport] = createSignal<ImportReport | null>(null);
  const [addFolders, setAddFolders] = createSignal(false);
  const [refused, setRefused] = createSignal<string | null>(null);
  const take = (text: string): void => {
    setYaml(text);
    setReport(null);
    setRefused(null);
  };
  const run = async (dryRun: boolean): Promise<void> => {
    setRefused(null);
    try {
      const answer = await app.client.request('import:llama-swap', {
        yaml: yaml(),
        dryRun,
        addFolders: addFolders(),
      });
      setReport(answer.report);
    } catch (error) {
      setRefused(messageOf(error));
      return;
    }
    if (dryRun) return;
    const taken = report()?.models.filter(({ outcome }) => outcome !== 'left out').length ?? 0;
    app.toasts.show({ tone: 'success', title: `${plural(taken, 'model')} taken over` });
    props.onDone();
  };
  const nothing = (): string | null => app.blocked() ?? (yaml().trim() === '' ? 'Give it the file first' : null);
  return (
    <div class="add__panel">
      <label class="labelled">
        <span class="labelled__label">llama-swap’s config.yaml</span>
        <textarea
          class="input mono"
          rows="8"
          autofocus
          spellcheck={false}
          placeholder={'models:\n  qwen:\n    cmd: llama-server --port ${PORT} -m /models/qwen.gguf'}
          value={yaml()}
          onInput={(event) => take(event.currentTarget.value)}
        />
        <span class="labelled__help">Paste it, or choose the file. It is read as text: nothing in it is run.</span>
      </label>
      <input
        type="file"
        class="import__file"
        accept=".yaml,.yml,text/yaml"
        aria-label="The file config.yaml"
        onChange={(event) => {
          void event.currentTarget.files?.[0]?.text().then(take, (error: unknown) => setRefused(messageOf(error)));
        }}
      />
      <Show when={(report()?.folders.length ?? 0) > 0}>
        <label class="choice">
          <input
            class="checkbox"
            type="checkbox"
            checked={addFolders()}
            onChange={(event) => setAddFolders(event.currentTarget.checked)}
          />
          <span>
            Search these folders too from now on: <code>{report()?.folders.join(', ')}</code>
          </span>
        </label>
      </Show>
      <Show when={refused()}>
        {(text) => (
          <p class="field-row__error" role="alert">
            {text()}
          </p>
        )}
      </Show>
      <Show when={report()}>{(view) => <Report report={view()} />}</Show>
      <div class="add__actions">
        <Button disabledReason={nothing()} onPress={() => run(true)}>
          What would happen?
        </Button>
        <Show when={report()}>
          <Button variant="primary" disabledReason={nothing()} onPress={() => run(false)}>
            Take it over
          </Button>
        </Show>
      </div>
    </div>
  );
};
