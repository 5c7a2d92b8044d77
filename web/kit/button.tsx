import { createSignal, createUniqueId, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { useApp } from '../state/app.tsx';
import { messageOf } from '../state/toasts.ts';
import { Icon } from './icons.tsx';
import type { IconName } from './icon-paths.ts';
import './button.css';

export interface ButtonProps {
  children: JSX.Element;
  /** May return a promise: the button is pending until it settles, and shows the cause when it rejects. */
  onPress: () => unknown;
  /** Title of the message when it fails, e.g. "The folders were not searched". */
  failure?: string;
  variant?: 'primary' | 'secondary' | 'quiet' | 'danger';
  size?: 'small' | 'medium';
  icon?: IconName;
  /** Full name for screen readers where the visible text alone says too little ("Load" in a list of forty). */
  label?: string;
  /** Pending for a reason the button does not see itself. */
  pending?: boolean;
  /** Why it cannot be used now. The button stays reachable, so that the reason is as well. */
  disabledReason?: string | null;
}

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise;

export const Button = (props: ButtonProps): JSX.Element => {
  const app = useApp();
  const reasonId = createUniqueId();
  const [running, setRunning] = createSignal(false);
  const [failed, setFailed] = createSignal<string | null>(null);
  const pending = (): boolean => running() || props.pending === true;
  const reason = (): string | null => props.disabledReason ?? failed();

  const press = async (): Promise<void> => {
    if (pending() || (props.disabledReason ?? null) !== null) return;
    setFailed(null);
    try {
      const result = props.onPress();
      if (!isPromise(result)) return;
      setRunning(true);
      await result;
    } catch (error) {
      setFailed(messageOf(error));
      app.toasts.failure(props.failure ?? 'That did not work', error);
    } finally {
      setRunning(false);
    }
  };

  return (
    <button
      type="button"
      class="button"
      data-variant={props.variant ?? 'secondary'}
      data-size={props.size ?? 'medium'}
      data-failed={failed() === null ? undefined : ''}
      data-tip={reason() ?? undefined}
      aria-label={props.label}
      aria-busy={pending() ? 'true' : undefined}
      aria-disabled={pending() || (props.disabledReason ?? null) !== null ? 'true' : undefined}
      aria-describedby={reason() === null ? undefined : reasonId}
      onClick={(event) => {
        // The second click of a double click was meant for what the button said at the first: Load must not become Cancel.
        if (event.detail < 2) void press();
      }}
      onKeyDown={(event) => {
        // For the same reason a key that is held down presses once.
        if (event.repeat && (event.key === 'Enter' || event.key === ' ')) event.preventDefault();
      }}
    >
      <Show when={pending()} fallback={<Show when={props.icon}>{(name) => <Icon name={name()} />}</Show>}>
        <span class="spinner" aria-hidden="true" />
      </Show>
      <span class="button__text">{props.children}</span>
      <Show when={reason()}>
        {(text) => (
          // Hidden, so that it describes the button without becoming part of its name.
          <span id={reasonId} hidden>
            {text()}
          </span>
        )}
      </Show>
    </button>
  );
};

export interface IconButtonProps {
  icon: IconName;
  label: string;
  onPress: (event: MouseEvent) => void;
  /** It opens a menu. */
  menu?: boolean;
  expanded?: boolean;
  controls?: string;
  /** It is a switch, and this is how it stands. */
  pressed?: boolean;
}

/** A button without text: its label is also its tooltip. */
export const IconButton = (props: IconButtonProps): JSX.Element => (
  <button
    type="button"
    class="icon-button"
    aria-label={props.label}
    data-tip={props.label}
    aria-haspopup={props.menu === true ? 'menu' : undefined}
    aria-expanded={props.expanded}
    aria-controls={props.controls}
    aria-pressed={props.pressed}
    onClick={(event) => props.onPress(event)}
  >
    <Icon name={props.icon} size={18} />
  </button>
);
