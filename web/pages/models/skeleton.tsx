import { For } from 'solid-js';
import type { JSX } from 'solid-js';
import './skeleton.css';

const ROWS = [62, 48, 70, 55, 44, 66, 51];

/** The shape of what is coming. It waits a moment before it shows: most snapshots are faster than that. */
export const Skeleton = (): JSX.Element => (
  <div class="skeleton" role="status" aria-label="Loading the models">
    <For each={ROWS}>
      {(width) => (
        <div class="skeleton__row">
          <span class="skeleton__dot" />
          <span class="skeleton__bar" style={{ '--width': `${String(width)}%` }} />
        </div>
      )}
    </For>
  </div>
);
