import { createMemo, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { InspectedActorView, InspectorFrameView } from '../../../src/contracts/views.ts';

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const shown = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > 160 ? JSON.stringify(value, null, 1) : text;
};

/** An actor's context as rows; those that the step before had otherwise are marked. */
const Context = (props: { context: unknown; before: unknown }): JSX.Element => {
  const rows = createMemo(() => {
    const before = fieldsOf(props.before);
    return Object.entries(fieldsOf(props.context)).map(([key, value]) => ({
      key,
      text: shown(value),
      changed: props.before !== null && JSON.stringify(before[key]) !== JSON.stringify(value),
    }));
  });
  return (
    <dl class="context">
      <For each={rows()}>
        {({ key, text, changed }) => (
          <div class="context__row" data-changed={changed ? '' : undefined}>
            <dt>{key}</dt>
            <dd>{text}</dd>
          </div>
        )}
      </For>
    </dl>
  );
};

/** What one actor knew after a step, and what the step brought. */
export const Snapshot = (props: {
  actor: InspectedActorView;
  frame: InspectorFrameView | null;
  before: unknown;
}): JSX.Element => (
  <div class="snapshot">
    <Show when={props.frame}>
      {(frame) => (
        <>
          <h3>Event</h3>
          <pre class="snapshot__event">{JSON.stringify(frame().event, null, 2)}</pre>
        </>
      )}
    </Show>
    <h3>Context</h3>
    <Context context={props.actor.context} before={props.before} />
  </div>
);
