import { createMemo, createResource, createSignal, For, Show, untrack } from 'solid-js';
import type { JSX } from 'solid-js';
import type { Apply } from '../../../src/contracts/changes.ts';
import type { CommandInput } from '../../../src/contracts/commands.ts';
import { LONGEST_TTL } from '../../../src/contracts/config.ts';
import type { ModelView } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { Button } from '../../kit/button.tsx';
import { Select } from '../../kit/field.tsx';
import { Icon } from '../../kit/icons.tsx';
import { answerOf } from '../../state/answer.ts';
import { useApp } from '../../state/app.tsx';
import { ChangePreview } from '../configuration/change-preview.tsx';
import { createPreview } from '../configuration/create-preview.ts';
import { parametersAsText, parseParameters } from './parameters-text.ts';

type Updates = CommandInput<'models:update'>['updates'];

const numbers = [
  { key: 'ctx_size', label: 'Context, tokens', help: '0 is the model’s own' },
  { key: 'batch_size', label: 'Batch', help: 'Logical batch for prompts' },
  { key: 'threads', label: 'CPU threads', help: '0 leaves it to the engine' },
] as const;

const POLICY = [
  {
    key: 'priority',
    label: 'Priority',
    placeholder: '0',
    numeric: true,
    help: 'Idle models of lower priority leave first',
  },
  {
    key: 'ttl',
    label: 'May be idle, minutes',
    placeholder: 'as configured',
    numeric: true,
    help: '0 is for ever',
  },
  {
    key: 'concurrency',
    label: 'Requests at once',
    placeholder: 'as configured',
    numeric: true,
    help: '0 is no limit; more wait in a line',
  },
  {
    key: 'group',
    label: 'Group',
    placeholder: 'none',
    numeric: false,
    help: 'Of one group only one is loaded at a time',
  },
] as const;

/** Seconds as minutes, which is how people think of idleness; empty stands for the configuration's. */
const minutesOf = (ttl: number | null): string => (ttl === null ? '' : String(Math.round((ttl / 60) * 100) / 100));
/** A number as it was typed; null for none, NaN for what is no number or is out of bounds. */
const numberOf = (text: string, least: number, most: number): number | null => {
  if (text.trim() === '') return null;
  const value = Number(text);
  return value >= least && value <= most ? value : Number.NaN;
};

/** What a person may say about one model, and what that does to it. */
const Form = (props: { model: ModelView; onDone: () => void }): JSX.Element => {
  const app = useApp();
  // Copied once: what changes elsewhere meanwhile must not replace what is being typed.
  const before = untrack(() => props.model);
  const [aliases, setAliases] = createSignal(before.aliases.join(', '));
  const [preset, setPreset] = createSignal(before.preset ?? '');
  const [parameters, setParameters] = createSignal(parametersAsText(before.parameters));
  const [sizes, setSizes] = createSignal({
    ctx_size: before.ctx_size,
    batch_size: before.batch_size,
    threads: before.threads,
  });
  const [pinned, setPinned] = createSignal(before.pinned);
  const [policy, setPolicy] = createSignal({
    priority: String(before.priority),
    group: before.group ?? '',
    ttl: minutesOf(before.ttl),
    concurrency: before.concurrency === null ? '' : String(before.concurrency),
  });
  const policyFields = () => {
    const ttl = numberOf(policy().ttl, 0, LONGEST_TTL / 60);
    return {
      pinned: pinned(),
      priority: numberOf(policy().priority, -100, 100) ?? 0,
      group: policy().group.trim() || null,
      ttl: ttl === null ? null : Math.round(ttl * 60),
      concurrency: numberOf(policy().concurrency, 0, 10_000),
    };
  };
  const [presets] = createResource(async () => (await app.client.request('presets:list', {})).presets);
  const choices = () => {
    const known = (answerOf(presets) ?? []).map((one) => one.name);
    const names = preset() === '' || known.includes(preset()) ? known : [...known, preset()];
    return [{ value: '', label: 'The router’s' }, ...names.map((name) => ({ value: name, label: name }))];
  };
  const parsed = () => parseParameters(parameters());
  const wrong = (): string | null => {
    const result = parsed();
    return 'problem' in result ? result.problem : null;
  };
  const wrongPolicy = (): string | null => {
    const { priority, ttl, concurrency } = policyFields();
    if (!Number.isInteger(priority)) return 'The priority is a whole number from -100 to 100';
    if (Number.isNaN(ttl)) return 'The time it may be idle is a number of minutes, or nothing';
    if (concurrency !== null && !Number.isInteger(concurrency)) return 'Requests at once is a whole number, or nothing';
    return null;
  };
  /** Only what differs: what somebody else changed meanwhile stays. Null while nothing does, or something is wrong. */
  const updates = createMemo((): Updates | null => {
    const result = parsed();
    if ('problem' in result || wrongPolicy() !== null) return null;
    const fields: Updates = {
      aliases: aliases()
        .split(',')
        .map((alias) => alias.trim())
        .filter((alias) => alias !== ''),
      preset: preset() === '' ? null : preset(),
      parameters: result.parameters,
      ...sizes(),
      ...policyFields(),
    };
    const changed = Object.entries(fields).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key as keyof ModelView]),
    );
    return changed.length === 0 ? null : Object.fromEntries(changed);
  });
  const [apply, setApply] = createSignal<Apply>('when-idle');
  const preview = createPreview(
    app.live,
    () => {
      const wanted = updates();
      return wanted === null ? null : { modelId: before.id, updates: wanted, apply: apply() };
    },
    (question) => app.client.request('models:preview', question),
  );
  const save = async (): Promise<void> => {
    const wanted = updates();
    if (wanted === null) return;
    await app.client.request('models:update', { modelId: before.id, updates: wanted, apply: apply() });
    app.toasts.show({ tone: 'success', title: `${displayName(props.model)} is stored` });
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
      <label class="choice">
        <input
          class="checkbox"
          type="checkbox"
          checked={pinned()}
          onChange={(event) => setPinned(event.currentTarget.checked)}
        />
        <span>
          Pinned
          <span class="choice__help">It never has to leave for another, nor for being idle.</span>
        </span>
      </label>
      <div class="record-form__policy">
        <For each={POLICY}>
          {(field) => (
            <label class="labelled">
              <span class="labelled__label">{field.label}</span>
              <input
                class="input"
                inputmode={field.numeric ? 'decimal' : undefined}
                placeholder={field.placeholder}
                value={policy()[field.key]}
                onInput={(event) => setPolicy((held) => ({ ...held, [field.key]: event.currentTarget.value }))}
              />
              <span class="labelled__help">{field.help}</span>
            </label>
          )}
        </For>
      </div>
      <Show when={updates() !== null}>
        <ChangePreview preview={preview} apply={apply()} onApply={setApply} />
      </Show>
      <div class="record-form__actions">
        <Button
          variant="primary"
          failure="Nothing was stored"
          disabledReason={
            app.blocked() ?? wrong() ?? wrongPolicy() ?? (updates() === null ? 'Nothing is different' : null)
          }
          onPress={save}
        >
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
