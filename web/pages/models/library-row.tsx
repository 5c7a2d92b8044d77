import { createSignal, onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { bytes, exactBytes, grouped, tokens } from '../../format/numbers.ts';
import { Badge } from '../../kit/badge.tsx';
import { useApp } from '../../state/app.tsx';
import { isUnusable } from '../../state/library.ts';
import { ModelAction } from './model-action.tsx';
import { ModelMenu } from './model-menu.tsx';
import { Modalities, parametersOf } from './model-meta.tsx';
import { StateRing } from './state-ring.tsx';
import type { Selection } from './selection.ts';
import { badgeText } from './state-words.ts';

/** Says when an element first comes near the window; one observer for all rows. */
export interface Approach {
  watch: (element: Element, near: () => void) => void;
  forget: (element: Element) => void;
}

const Cell = (props: { label: string; name: string; tip?: string | undefined; children: JSX.Element }): JSX.Element => (
  <span class={`row__cell row__cell--${props.name}`} data-tip={props.tip}>
    <span class="visually-hidden">{props.label} </span>
    {props.children}
  </span>
);

const unknown = (): JSX.Element => (
  <span class="row__unknown" aria-label="unknown">
    –
  </span>
);

const RowContent = (props: Pick<LibraryRowProps, 'model' | 'onOpen' | 'selection'>): JSX.Element => {
  const app = useApp();
  const context = (): number | null => props.model.metadata?.contextLength ?? null;
  /** What to say under the name: the trouble if there is any, else what kind of model it is. */
  const trouble = (): string | null =>
    props.model.problem ?? (props.model.state === 'error' ? (props.model.failure?.message ?? null) : null);
  return (
    <>
      <Show
        when={props.selection.selecting()}
        fallback={
          <StateRing state={props.model.state} progress={props.model.progress} size={32} still={!app.isLive()} />
        }
      >
        <input
          class="checkbox row__check"
          type="checkbox"
          aria-label={`Choose ${displayName(props.model)}`}
          checked={props.selection.has(props.model.id)}
          onChange={() => props.selection.toggle(props.model.id)}
        />
      </Show>
      <div class="row__name">
        <button type="button" class="name-button row__title" onClick={() => props.onOpen()}>
          {displayName(props.model)}
        </button>
        <div class="row__sub">
          <Show
            when={trouble()}
            fallback={
              <>
                <span>{props.model.metadata?.architecture ?? props.model.type}</span>
                <Modalities model={props.model} />
                <Show when={props.model.pinned}>
                  <span class="row__pinned" data-tip="It never has to leave for another model">
                    pinned
                  </span>
                </Show>
              </>
            }
          >
            {(text) => (
              <span class="row__trouble" data-tone={isUnusable(props.model) ? 'stopping' : 'error'}>
                {text()}
              </span>
            )}
          </Show>
        </div>
      </div>
      <Cell name="parameters" label="Parameters">
        {parametersOf(props.model) ?? unknown()}
      </Cell>
      <Cell name="quantization" label="Quantisation">
        {props.model.metadata?.quantization ?? unknown()}
      </Cell>
      <Cell name="size" label="Size" tip={props.model.size > 0 ? exactBytes(props.model.size) : undefined}>
        {props.model.size > 0 ? bytes(props.model.size) : unknown()}
      </Cell>
      <Cell name="context" label="Context" tip={context() === null ? undefined : `${grouped(context() ?? 0)} tokens`}>
        {context() === null ? unknown() : tokens(context() ?? 0)}
      </Cell>
      <span class="row__state">
        <Badge tone={isUnusable(props.model) ? 'stopping' : props.model.state}>{badgeText(props.model)}</Badge>
      </span>
      <span class="row__actions">
        <ModelAction model={props.model} />
        <ModelMenu model={props.model} onOpen={() => props.onOpen()} />
      </span>
    </>
  );
};

export interface LibraryRowProps {
  model: ModelView;
  approach: Approach;
  /** Drawn in full at once; the others when they come near. */
  eager: boolean;
  selection: Selection;
  onOpen: () => void;
}

/** A row that is far away is its name and nothing else: a thousand models scroll like sixty, and can still be found in the page. */
export const LibraryRow = (props: LibraryRowProps): JSX.Element => {
  const [near, setNear] = createSignal(false);
  let row!: HTMLLIElement;
  const drawn = (): boolean => props.eager || near();
  onMount(() => {
    if (!drawn()) props.approach.watch(row, () => setNear(true));
  });
  onCleanup(() => {
    props.approach.forget(row);
  });
  return (
    <li
      ref={row}
      class="row"
      data-unusable={isUnusable(props.model) ? '' : undefined}
      data-far={drawn() ? undefined : ''}
      data-chosen={props.selection.has(props.model.id) ? '' : undefined}
    >
      <Show when={drawn()} fallback={<span class="row__far">{displayName(props.model)}</span>}>
        <RowContent model={props.model} selection={props.selection} onOpen={() => props.onOpen()} />
      </Show>
    </li>
  );
};
