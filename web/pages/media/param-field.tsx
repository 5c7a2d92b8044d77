/** One parameter of a tool as a form's field, made from its declaration. */
import { createUniqueId, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { MediaParamView } from '../../../src/contracts/media.ts';
import { Select, Toggle } from '../../kit/field.tsx';

export type ParamInput = string | boolean;

export const labelOf = (param: MediaParamView): string => param.label ?? param.name;

/** What a field shows before anybody touched it. */
export const initialOf = (param: MediaParamView): ParamInput => {
  if (param.type === 'boolean') return param.default ?? false;
  if (param.type === 'file') return param.default ?? (param.required ? (param.files?.[0] ?? '') : '');
  return param.default === undefined ? '' : String(param.default);
};

const NOTHING = { value: '', label: '–' };
const options = (values: readonly string[], needed: boolean) => [
  ...(needed ? [] : [NOTHING]),
  ...values.map((value) => ({ value, label: value })),
];
const rangeOf = (min: number | undefined, max: number | undefined): string | null =>
  min === undefined || max === undefined ? null : `${min.toLocaleString('en')} to ${max.toLocaleString('en')}`;

const helpOf = (param: MediaParamView): string | null => {
  const range = param.type === 'integer' || param.type === 'number' ? rangeOf(param.min, param.max) : null;
  const words = [param.help ?? null, range].filter((part) => part !== null).join(' ');
  return words === '' ? null : words;
};
/** Null for a parameter that is typed. */
const choicesOf = (param: MediaParamView): { value: string; label: string }[] | null => {
  if (param.type === 'choice') return options(param.choices, param.required || param.default !== undefined);
  return param.type === 'file' ? options(param.files ?? [], param.required) : null;
};

export const ParamField = (props: {
  param: MediaParamView;
  value: ParamInput;
  /** What the server said is wrong with it. */
  problem: string | null;
  onChange: (value: ParamInput) => void;
}): JSX.Element => {
  const id = createUniqueId();
  const text = (): string => String(props.value);
  const help = (): string | null => helpOf(props.param);
  const about = () => ({
    id,
    class: 'input',
    'aria-describedby': help() === null ? undefined : `${id}-help`,
    'aria-invalid': props.problem === null ? undefined : ('true' as const),
  });
  const choices = (): { value: string; label: string }[] | null => choicesOf(props.param);
  return (
    <div class="labelled media-field" data-switch={props.param.type === 'boolean' ? '' : undefined}>
      <label class="labelled__label" for={id}>
        {labelOf(props.param)}
      </label>
      <Switch
        fallback={
          <input
            {...about()}
            type="text"
            value={text()}
            onInput={(event) => props.onChange(event.currentTarget.value)}
          />
        }
      >
        <Match when={props.param.type === 'boolean'}>
          <Toggle
            label={labelOf(props.param)}
            checked={props.value === true}
            onChange={(checked) => props.onChange(checked)}
          />
        </Match>
        <Match when={choices()}>
          {(list) => (
            <Select
              id={id}
              label={labelOf(props.param)}
              value={text()}
              choices={list()}
              describedBy={help() === null ? undefined : `${id}-help`}
              onChange={(value) => props.onChange(value)}
            />
          )}
        </Match>
        <Match when={(props.param.type === 'integer' || props.param.type === 'number') && props.param}>
          {(param) => (
            <input
              {...about()}
              type="text"
              inputmode={param().type === 'integer' ? 'numeric' : 'decimal'}
              placeholder={param().required ? '' : 'as it is'}
              value={text()}
              onInput={(event) => props.onChange(event.currentTarget.value)}
            />
          )}
        </Match>
      </Switch>
      <Show when={help()}>
        {(words) => (
          <span class="labelled__help" id={`${id}-help`}>
            {words()}
          </span>
        )}
      </Show>
      <Show when={props.problem}>
        {(words) => (
          <span class="media-field__problem" role="alert">
            {words()}
          </span>
        )}
      </Show>
    </div>
  );
};
