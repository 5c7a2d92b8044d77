import { Show } from 'solid-js';
import type { JSX } from 'solid-js';
import './empty-state.css';

/** Nothing here, and what to do about it. */
export const EmptyState = (props: {
  title: string;
  children: JSX.Element;
  art?: JSX.Element;
  actions?: JSX.Element;
}): JSX.Element => (
  <div class="empty">
    <Show when={props.art}>
      <div class="empty__art">{props.art}</div>
    </Show>
    <h2 class="empty__title">{props.title}</h2>
    <div class="empty__body">{props.children}</div>
    <Show when={props.actions}>
      <div class="empty__actions">{props.actions}</div>
    </Show>
  </div>
);
