import { For } from 'solid-js';
import type { JSX } from 'solid-js';

/** The shape of what is coming. */
export const HomeSkeleton = (): JSX.Element => (
  <div class="home-skeleton" role="status" aria-label="Loading the dashboard">
    <div class="instruments">
      <For each={[0, 1, 2, 3]}>{() => <div class="instrument instrument--empty" />}</For>
    </div>
    <div class="home__columns">
      <div class="card home-skeleton__card" />
      <div class="card home-skeleton__card" />
    </div>
  </div>
);
