import { createEffect, For, onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { useApp } from '../state/app.tsx';
import { OFFER_TIME, TOAST_TIME } from '../state/toasts.ts';
import type { Toast } from '../state/toasts.ts';
import { Button, IconButton } from './button.tsx';
import { Icon } from './icons.tsx';
import './toast-region.css';

const TONES = { success: 'loaded', info: 'neutral', warning: 'stopping', error: 'error' } as const;
const ICONS = { success: 'check', info: 'info', warning: 'alert', error: 'alert' } as const;

const ToastCard = (props: { toast: Toast; onDismiss: () => void }): JSX.Element => {
  let card!: HTMLDivElement;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const resume = (): void => {
    clearTimeout(timer);
    const time = props.toast.action === undefined ? TOAST_TIME : OFFER_TIME;
    if (props.toast.tone !== 'error') timer = setTimeout(() => props.onDismiss(), time);
  };
  const pause = (): void => {
    clearTimeout(timer);
  };
  onMount(() => {
    resume();
    // Reading takes as long as it takes.
    card.addEventListener('pointerenter', pause);
    card.addEventListener('pointerleave', resume);
    card.addEventListener('focusin', pause);
    card.addEventListener('focusout', resume);
  });
  onCleanup(pause);
  return (
    <div
      ref={card}
      class="toast"
      data-tone={TONES[props.toast.tone]}
      role={props.toast.tone === 'error' ? 'alert' : 'status'}
    >
      <Icon name={ICONS[props.toast.tone]} size={18} />
      <div class="toast__text">
        <strong class="toast__title">{props.toast.title}</strong>
        <Show when={props.toast.body}>{(body) => <p class="toast__body">{body()}</p>}</Show>
      </div>
      <Show when={props.toast.action}>
        {(action) => (
          <Button
            size="small"
            onPress={() => {
              const { run } = action();
              props.onDismiss();
              return run();
            }}
          >
            {action().label}
          </Button>
        )}
      </Show>
      <IconButton icon="close" label="Dismiss" onPress={() => props.onDismiss()} />
    </div>
  );
};

export const ToastRegion = (): JSX.Element => {
  const app = useApp();
  let region!: HTMLDivElement;
  createEffect(() => {
    const some = app.toasts.list().length > 0;
    // Shown anew for each message: the top layer stacks in order of appearance, and a dialog may have opened since.
    if (region.matches(':popover-open')) region.hidePopover();
    if (some) region.showPopover();
  });
  return (
    <div ref={region} class="toasts" popover="manual" role="region" aria-label="Messages">
      <For each={app.toasts.list()}>
        {(toast) => <ToastCard toast={toast} onDismiss={() => app.toasts.dismiss(toast.id)} />}
      </For>
    </div>
  );
};
