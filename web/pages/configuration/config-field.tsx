import { createUniqueId, For, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import { CONFIG_KEYS } from '../../../src/contracts/config.ts';
import type { ConfigRow } from '../../../src/contracts/changes.ts';
import type { ConfigKey } from '../../../src/contracts/config.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { FieldRow, Toggle } from '../../kit/field.tsx';
import { effectiveWords, standsBack } from './rows.ts';
import { labelOf, RESTART_WORDS } from './groups.ts';

export interface ConfigFieldProps {
  name: ConfigKey;
  /** As it is drawn: the change, or else what is stored. */
  value: unknown;
  changed: boolean;
  problem: string | null;
  disabled: boolean;
  /** As it is stored and as it counts; undefined while that is not known. */
  row: ConfigRow | undefined;
  /** What loaded models really run with. */
  loaded: readonly string[];
  onChange: (value: unknown) => void;
  onRevert: () => void;
}

type Kind = 'switch' | 'number' | 'auto' | 'lines' | 'text';

/** The kind of input, from the default's type; "auto" stands for numbers that may be left to the engine. */
const kindOf = (fallback: unknown): Kind => {
  if (typeof fallback === 'boolean') return 'switch';
  if (typeof fallback === 'number') return 'number';
  if (Array.isArray(fallback)) return 'lines';
  return fallback === 'auto' ? 'auto' : 'text';
};

/** Text that is no number stays text, so that the contract can say what is wrong with it. */
const numberOf = (text: string): unknown =>
  text.trim() === '' ? '' : Number.isNaN(Number(text)) ? text : Number(text);
const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
const defaultText = (value: unknown): string => {
  if (Array.isArray(value)) return 'none';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return value === '' ? 'empty' : String(value);
};

export const ConfigField = (props: ConfigFieldProps): JSX.Element => {
  const id = createUniqueId();
  const entry = () => CONFIG_KEYS[props.name];
  const kind = (): Kind => kindOf(entry().default);
  const label = (): string => labelOf(props.name);
  const describedBy = (): string => (props.problem === null ? `${id}-help` : `${id}-help ${id}-error`);
  const common = () => ({
    class: 'input',
    'aria-label': label(),
    'aria-describedby': describedBy(),
    'aria-invalid': props.problem === null ? undefined : ('true' as const),
    disabled: props.disabled,
  });
  return (
    <FieldRow
      label={label()}
      helpId={`${id}-help`}
      errorId={`${id}-error`}
      error={props.problem}
      changed={props.changed}
      aside={
        props.changed ? (
          <>
            <Badge tone="stopping" dot={false}>
              changed
            </Badge>
            <Button size="small" variant="quiet" label={`Take back ${label()}`} onPress={() => props.onRevert()}>
              Take back
            </Button>
          </>
        ) : undefined
      }
      help={
        <>
          {entry().help}
          <span class="config-note">
            <code>{props.name}</code> · default {defaultText(entry().default)} · {RESTART_WORDS[entry().restart]}
          </span>
          <Show when={props.row && effectiveWords(props.row)}>
            {(words) => (
              <span
                class="config-note"
                data-stands-back={props.row !== undefined && standsBack(props.row) ? '' : undefined}
              >
                {words()}
              </span>
            )}
          </Show>
          <For each={props.loaded}>{(words) => <span class="config-note">{words}</span>}</For>
        </>
      }
    >
      <Switch
        fallback={
          <input
            {...common()}
            type="text"
            spellcheck={false}
            value={String(props.value)}
            onInput={(event) => props.onChange(event.currentTarget.value)}
          />
        }
      >
        <Match when={kind() === 'switch'}>
          <Toggle
            label={label()}
            describedBy={describedBy()}
            checked={props.value === true}
            disabled={props.disabled}
            onChange={(checked) => props.onChange(checked)}
          />
        </Match>
        <Match when={kind() === 'number'}>
          <input
            {...common()}
            type="text"
            inputmode="numeric"
            value={String(props.value)}
            onInput={(event) => props.onChange(numberOf(event.currentTarget.value))}
          />
        </Match>
        <Match when={kind() === 'auto'}>
          <div class="field-group">
            <label class="config-auto">
              <input
                class="checkbox"
                type="checkbox"
                checked={props.value === 'auto'}
                disabled={props.disabled}
                onChange={(event) => props.onChange(event.currentTarget.checked ? 'auto' : 0)}
              />
              auto
            </label>
            <input
              {...common()}
              type="text"
              inputmode="numeric"
              disabled={props.disabled || props.value === 'auto'}
              value={props.value === 'auto' ? '' : String(props.value)}
              placeholder={props.value === 'auto' ? 'chosen by the engine' : ''}
              onInput={(event) => props.onChange(numberOf(event.currentTarget.value))}
            />
          </div>
        </Match>
        <Match when={kind() === 'lines'}>
          <textarea
            {...common()}
            rows="2"
            spellcheck={false}
            placeholder="One per line"
            value={Array.isArray(props.value) ? props.value.join('\n') : ''}
            onChange={(event) => props.onChange(linesOf(event.currentTarget.value))}
          />
        </Match>
      </Switch>
    </FieldRow>
  );
};
