/** Inputs: one look for text, numbers, choices and switches. */
import { createUniqueId, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { Icon } from './icons.tsx';
import './field.css';

export interface Choice<T extends string> {
  value: T;
  label: string;
}

export const Select = <T extends string>(props: {
  label: string;
  value: T;
  choices: readonly Choice<T>[];
  onChange: (value: T) => void;
  id?: string;
  describedBy?: string | undefined;
  disabled?: boolean;
}): JSX.Element => (
  <span class="select">
    <select
      class="input select__input"
      id={props.id}
      aria-label={props.label}
      aria-describedby={props.describedBy}
      disabled={props.disabled === true}
      onChange={(event) => {
        const chosen = props.choices.find((choice) => choice.value === event.currentTarget.value);
        if (chosen !== undefined) props.onChange(chosen.value);
      }}
    >
      <For each={props.choices}>
        {(choice) => (
          <option value={choice.value} selected={choice.value === props.value}>
            {choice.label}
          </option>
        )}
      </For>
    </select>
    <Icon name="chevron" size={14} />
  </span>
);

/** A few choices side by side, as radio buttons: arrow keys and one tab stop come with them. */
export const Segmented = <T extends string>(props: {
  label: string;
  value: T;
  choices: readonly Choice<T>[];
  onChange: (value: T) => void;
}): JSX.Element => {
  const name = createUniqueId();
  return (
    <fieldset class="segmented">
      <legend class="visually-hidden">{props.label}</legend>
      <For each={props.choices}>
        {(choice) => (
          <label class="segmented__option">
            <input
              class="visually-hidden"
              type="radio"
              name={name}
              value={choice.value}
              checked={props.value === choice.value}
              onChange={() => props.onChange(choice.value)}
            />
            {choice.label}
          </label>
        )}
      </For>
    </fieldset>
  );
};

export const Toggle = (props: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  describedBy?: string | undefined;
  disabled?: boolean;
  pending?: boolean;
}): JSX.Element => (
  <input
    class="toggle"
    type="checkbox"
    role="switch"
    aria-label={props.label}
    aria-describedby={props.describedBy}
    aria-busy={props.pending === true ? 'true' : undefined}
    disabled={props.disabled === true}
    checked={props.checked}
    onChange={(event) => {
      const { checked } = event.currentTarget;
      // What is stored decides how it stands, so it waits for that.
      event.currentTarget.checked = props.checked;
      props.onChange(checked);
    }}
  />
);

/** A setting in a list: its name and what it does on the left, its control on the right, what is wrong with it below. */
export const FieldRow = (props: {
  label: string;
  help?: JSX.Element;
  helpId?: string;
  error?: string | null;
  errorId?: string;
  aside?: JSX.Element;
  changed?: boolean;
  children: JSX.Element;
}): JSX.Element => (
  <div class="field-row" data-changed={props.changed === true ? '' : undefined}>
    <div class="field-row__words">
      <div class="field-row__label">
        {props.label}
        {props.aside}
      </div>
      <Show when={props.help}>
        <p class="field-row__help" id={props.helpId}>
          {props.help}
        </p>
      </Show>
    </div>
    <div class="field-row__control">
      {props.children}
      <Show when={props.error}>
        {(text) => (
          <p class="field-row__error" id={props.errorId} role="alert">
            {text()}
          </p>
        )}
      </Show>
    </div>
  </div>
);
