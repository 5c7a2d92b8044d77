import { Show } from 'solid-js';
import type { JSX } from 'solid-js';
import './page.css';

/** A page: its title, one line that sums it up, and what can be done with all of it. */
export const Page = (props: {
  title: string;
  summary?: JSX.Element;
  actions?: JSX.Element;
  children: JSX.Element;
  /** Takes the height of the window, for pages that scroll inside of themselves. */
  tall?: boolean;
}): JSX.Element => (
  <div class="page" data-tall={props.tall === true ? '' : undefined}>
    <header class="page__head">
      <div class="page__title">
        <h1>{props.title}</h1>
        <Show when={props.summary}>
          <p class="page__summary">{props.summary}</p>
        </Show>
      </div>
      <Show when={props.actions}>
        <div class="page__actions">{props.actions}</div>
      </Show>
    </header>
    {props.children}
  </div>
);

/** A card: a heading and what belongs to it, on one surface. */
export const Card = (props: {
  title: string;
  aside?: JSX.Element;
  children: JSX.Element;
  class?: string;
}): JSX.Element => (
  <section class={`card ${props.class ?? ''}`} aria-label={props.title}>
    <header class="card__head">
      <h2 class="card__title">{props.title}</h2>
      <Show when={props.aside}>
        <div class="card__aside">{props.aside}</div>
      </Show>
    </header>
    {props.children}
  </section>
);
