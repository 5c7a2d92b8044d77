import type { JSX } from 'solid-js';
import type { Tone } from '../kit/badge.tsx';
import './panel.css';

/** One instrument of the rail: a name, a state dot, a value. */
export const Panel = (props: {
  title: string;
  tone?: Tone;
  aside?: JSX.Element;
  children: JSX.Element;
}): JSX.Element => (
  <section class="panel" aria-label={props.title}>
    <header class="panel__head">
      <h2 class="panel__title" data-tone={props.tone ?? 'neutral'} data-dot={props.tone === undefined ? undefined : ''}>
        {props.title}
      </h2>
      <span class="panel__aside">{props.aside}</span>
    </header>
    {props.children}
  </section>
);
