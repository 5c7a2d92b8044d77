import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { InspectedActorView } from '../../../src/contracts/views.ts';
import type { TreeRow } from '../../state/inspection.ts';

/** The states whose colours stand for more than "it is there". */
const TONES: Readonly<Record<string, string>> = {
  unloaded: 'unloaded',
  loading: 'loading',
  starting: 'loading',
  checking: 'loading',
  installing: 'loading',
  loaded: 'loaded',
  running: 'loaded',
  ready: 'loaded',
  stopping: 'stopping',
  draining: 'stopping',
  error: 'error',
  missing: 'error',
  failed: 'error',
};

export const toneOf = (state: string | null): string => (state === null ? 'neutral' : (TONES[state] ?? 'neutral'));

/** "model:qwen" below the supervisor is the model; its process is just "process" below it. */
const shortName = ({ name }: InspectedActorView): string => name.slice(name.lastIndexOf('/') + 1);

/** Every actor with its state, indented below its parent. */
export const ActorTree = (props: {
  rows: readonly TreeRow[];
  selected: string | null;
  onSelect: (id: string) => void;
}): JSX.Element => (
  <ul class="actors" aria-label="Actors">
    <For each={props.rows}>
      {({ actor, depth }) => (
        <li class="actors__item" style={{ '--depth': String(depth) }}>
          <Show
            when={actor.machine !== null}
            fallback={
              <span class="actors__port" data-tip="A port: it acts for the machine above and reports facts">
                {shortName(actor)}
              </span>
            }
          >
            <button
              type="button"
              class="actors__actor"
              aria-pressed={actor.id === props.selected}
              onClick={() => props.onSelect(actor.id)}
            >
              <span class="actors__name">{shortName(actor)}</span>
              <span class="actors__state" data-tone={toneOf(actor.state)}>
                {actor.state}
              </span>
            </button>
          </Show>
        </li>
      )}
    </For>
  </ul>
);
