import { Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { Tone } from './badge.tsx';
import { Icon } from './icons.tsx';
import './banner.css';

/** Something that concerns the whole page and stays until it is over. */
export const Banner = (props: {
  tone: Tone;
  title: string;
  children?: JSX.Element;
  actions?: JSX.Element;
}): JSX.Element => (
  <div class="banner" data-tone={props.tone} role="status">
    <Icon name={props.tone === 'error' || props.tone === 'stopping' ? 'alert' : 'info'} size={18} />
    <div class="banner__text">
      <strong class="banner__title">{props.title}</strong>
      <Show when={props.children}>
        <div class="banner__body">{props.children}</div>
      </Show>
    </div>
    <Show when={props.actions}>
      <div class="banner__actions">{props.actions}</div>
    </Show>
  </div>
);
