import { createResource, createSignal, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { Button } from '../../kit/button.tsx';
import { Select } from '../../kit/field.tsx';
import { Icon } from '../../kit/icons.tsx';
import { useApp } from '../../state/app.tsx';
import { parametersAsText, parseParameters } from './parameters-text.ts';

const numbers = [
  { key: 'ctx_size', label: 'Context, tokens', help: '0 is the model’s own' },
  { key: 'batch_size', label: 'Batch', help: 'Logical batch for prompts' },
  { key: 'threads', label: 'CPU threads', help: '0 leaves it to the engine' },
] as const;

/** What a person may say about one model. A loaded model takes it up at its next load. */
const Form = (props: { model: ModelView; onDone: () => void }): JSX.Element => {
  const app = useApp();
  // Copied once: what changes elsewhere meanwhile must not replace what is being typed.
  const initial = () => props.model;
  const [aliases, setAliases] = createSignal(initial().aliases.join(', '));
  const [preset, setPreset] = createSignal(initial().preset ?? '');
  const [parameters, setParameters] = createSignal(parametersAsText(initial().parameters));
  const [sizes, setSizes] = createSignal({
    ctx_size: initial().ctx_size,
    batch_size: initial().batch_size,
    threads: initial().threads,
  });
  const [presets] = createResource(async () => (await app.client.request('presets:list', {})).presets);
  const choices = () => {
    const known = presets.error === undefined ? (presets() ?? []).map((one) => one.name) : [];
    const names = preset() === '' || known.includes(preset()) ? known : [...known, preset()];
    return [{ value: '', label: 'The router’s' }, ...names.map((name) => ({ value: name, label: name }))];
  };
  const parsed = () => parseParameters(parameters());
  const wrong = (): string | null => {
    const result = parsed();
    return 'problem' in result ? result.problem : null;
  };
  const save = async (): Promise<void> => {
    const result = parsed();
    if ('problem' in result) return;
    await app.client.request('models:update', {
      modelId: props.model.id,
      updates: {
        aliases: aliases()
          .split(',')
          .map((alias) => alias.trim())
          .filter((alias) => alias !== ''),
        preset: preset() === '' ? null : preset(),
        parameters: result.parameters,
        ...sizes(),
      },
    });
    const later = props.model.state === 'loaded' || props.model.state === 'loading';
    app.toasts.show({
      tone: 'success',
      title: `${displayName(props.model)} is stored`,
      ...(later ? { body: 'It takes this up when it is loaded the next time.' } : {}),
    });
    props.onDone();
  };
  return (
    <div class="record-form">
      <label class="labelled">
        <span class="labelled__label">Aliases</span>
        <input
          class="input"
          value={aliases()}
          placeholder="gpt-4o-mini, coder"
          onInput={(event) => setAliases(event.currentTarget.value)}
        />
        <span class="labelled__help">Further names that clients may ask for, with commas between them.</span>
      </label>
      <div class="record-form__sizes">
        <For each={numbers}>
          {(field) => (
            <label class="labelled">
              <span class="labelled__label">{field.label}</span>
              <input
                class="input"
                type="number"
                min="0"
                value={sizes()[field.key]}
                onInput={(event) => setSizes((held) => ({ ...held, [field.key]: Number(event.currentTarget.value) }))}
              />
              <span class="labelled__help">{field.help}</span>
            </label>
          )}
        </For>
      </div>
      <div class="labelled">
        <span class="labelled__label">Preset</span>
        <Select label="Preset" value={preset()} choices={choices()} onChange={setPreset} />
      </div>
      <label class="labelled">
        <span class="labelled__label">Parameters</span>
        <textarea
          class="input mono"
          rows="4"
          spellcheck={false}
          placeholder={'temp = 0.7\nflash-attn = on'}
          aria-invalid={wrong() === null ? undefined : 'true'}
          value={parameters()}
          onInput={(event) => setParameters(event.currentTarget.value)}
        />
        <Show
          when={wrong()}
          fallback={<span class="labelled__help">Flags of llama-server without dashes, one per line.</span>}
        >
          {(text) => (
            <span class="field-row__error" role="alert">
              {text()}
            </span>
          )}
        </Show>
      </label>
      <div class="record-form__actions">
        <Button variant="primary" failure="Nothing was stored" disabledReason={app.blocked() ?? wrong()} onPress={save}>
          Save
        </Button>
        <Button onPress={() => props.onDone()}>Cancel</Button>
      </div>
    </div>
  );
};

/** Edit the record, or take it out of the list. */
export const RecordSection = (props: { model: ModelView; onGone: () => void }): JSX.Element => {
  const app = useApp();
  const [open, setOpen] = createSignal(false);
  const remove = async (): Promise<void> => {
    const name = displayName(props.model);
    const yes = await app.confirm.ask({
      title: `Take ${name} out of the list?`,
      body: 'Its aliases and parameters are lost. The file stays where it is; a rescan finds it again.',
      confirm: 'Take it out',
    });
    if (!yes) return;
    await app.client.request('models:delete', { modelId: props.model.id });
    app.toasts.show({
      tone: 'info',
      title: `${name} is out of the list`,
      action: { label: 'Rescan', run: () => app.client.request('llama:rescan', {}) },
    });
    props.onGone();
  };
  return (
    <details class="fold" open={open()} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="fold__summary">
        <Icon name="chevron" size={14} />
        Edit
      </summary>
      <Show when={open()}>
        <Form model={props.model} onDone={() => setOpen(false)} />
        <div class="record-form__remove">
          <Button
            size="small"
            variant="quiet"
            icon="trash"
            failure="It was not taken out"
            disabledReason={app.blocked()}
            onPress={remove}
          >
            Take out of the list
          </Button>
        </div>
      </Show>
    </details>
  );
};
