import { createEffect, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { InspectedActorView, InspectorFrameView } from '../../../src/contracts/views.ts';
import { toneOf } from './actor-tree.tsx';

/** `12:04:07.318`: within one sitting the day says nothing and the milliseconds do. */
const clockTime = (at: number): string => {
  const time = new Date(at);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, '0')}`;
};

/** More rows than this cannot be read anyway, and every one costs the browser. */
export const MOST_ROWS = 300;

/** The newest steps, the last one at the end, as a sequence: who was told what by whom, and what became of it. */
export const StepList = (props: {
  frames: readonly InspectorFrameView[];
  actors: ReadonlyMap<string, InspectedActorView>;
  selected: number | null;
  /** Keep the end in view. */
  follow: boolean;
  onSelect: (seq: number) => void;
}): JSX.Element => {
  let list: HTMLOListElement | undefined;
  const nameOf = (id: string | null): string | null => (id === null ? null : (props.actors.get(id)?.name ?? null));
  createEffect(() => {
    if (props.frames.length > 0 && props.follow && list !== undefined) list.scrollTop = list.scrollHeight;
  });
  createEffect(() => {
    if (props.selected === null) return;
    list?.querySelector(`[data-seq="${String(props.selected)}"]`)?.scrollIntoView({ block: 'nearest' });
  });
  return (
    <ol class="steps" ref={list} tabindex="0" aria-label="Steps, oldest first">
      <For each={props.frames}>
        {(frame) => (
          <li data-seq={frame.seq}>
            <button
              type="button"
              class="step"
              aria-pressed={frame.seq === props.selected}
              onClick={() => props.onSelect(frame.seq)}
            >
              <span class="step__time">{clockTime(frame.at)}</span>
              <span class="step__what">
                <span class="step__event">{frame.event.type}</span>
                <span class="step__who">
                  <Show when={nameOf(frame.source)}>{(source) => <>{source()} → </>}</Show>
                  {frame.actor.name}
                </span>
              </span>
              <Show when={frame.actor.state !== null && frame.actor.state !== frame.before}>
                <span class="step__change">
                  <Show when={frame.before}>
                    {(before) => (
                      <>
                        <span data-tone={toneOf(before())}>{before()}</span>
                        <span aria-label="to">→</span>
                      </>
                    )}
                  </Show>
                  <span data-tone={toneOf(frame.actor.state)}>{frame.actor.state}</span>
                </span>
              </Show>
            </button>
          </li>
        )}
      </For>
    </ol>
  );
};
