import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { LIFECYCLE_STATES } from '../../../src/contracts/views.ts';
import type { LifecycleState } from '../../../src/contracts/views.ts';
import { percent } from '../../format/numbers.ts';
import './state-ring.css';

/** Clockwise from the left, as a life goes; an error lies in the middle, because it can come from anywhere. */
const PLACES: Readonly<Record<LifecycleState, readonly [x: number, y: number]>> = {
  unloaded: [6, 20],
  loading: [20, 6],
  loaded: [34, 20],
  stopping: [20, 34],
  error: [20, 20],
};
const UPPER = 'M6 20a14 14 0 0 1 28 0';
const LOWER = 'M34 20a14 14 0 0 1-28 0';

export interface StateRingProps {
  state: LifecycleState;
  /** Percent while loading. */
  progress?: number | null;
  size?: number;
  /** The data is stale: nothing moves. */
  still?: boolean;
}

/** How much of the way is lit, percent of the half circle it lies on. */
const travelled = (state: LifecycleState, progress: number | null): number => {
  if (state === 'loaded') return 100;
  if (state === 'stopping') return 50;
  return state === 'loading' ? (progress ?? 50) : 0;
};

/**
 * The five states with the current one lit. While loading the upper way, from unloaded to loaded, fills with the progress.
 * Decorative: wherever it stands, the state is there in words as well.
 */
export const StateRing = (props: StateRingProps): JSX.Element => (
  <svg
    class="ring"
    viewBox="0 0 40 40"
    width={props.size ?? 40}
    height={props.size ?? 40}
    aria-hidden="true"
    data-tone={props.state}
    data-still={props.still === true ? '' : undefined}
  >
    <circle class="ring__way" cx="20" cy="20" r="14" />
    <path
      class="ring__travelled"
      d={props.state === 'stopping' ? LOWER : UPPER}
      pathLength="100"
      style={{ 'stroke-dasharray': `${String(travelled(props.state, props.progress ?? null))} 100` }}
    />
    <For each={LIFECYCLE_STATES}>
      {(state) => (
        <circle
          class="ring__node"
          data-lit={state === props.state ? '' : undefined}
          cx={PLACES[state][0]}
          cy={PLACES[state][1]}
          r={state === props.state ? 4.6 : 2.9}
        />
      )}
    </For>
  </svg>
);

/** Centres of the large diagram's nodes and where their words go. */
const LABELS: Readonly<
  Record<
    LifecycleState,
    { at: readonly [number, number]; text: readonly [number, number]; anchor: 'start' | 'middle' | 'end' }
  >
> = {
  unloaded: { at: [84, 62], text: [72, 66], anchor: 'end' },
  loading: { at: [150, 22], text: [150, 11], anchor: 'middle' },
  loaded: { at: [216, 62], text: [228, 66], anchor: 'start' },
  stopping: { at: [150, 102], text: [150, 121], anchor: 'middle' },
  error: { at: [150, 62], text: [150, 79], anchor: 'middle' },
};
const WAYS = [
  'M84 62C84 36 112 22 150 22',
  'M150 22c38 0 66 14 66 40',
  'M216 62c0 26-28 40-66 40',
  'M150 102c-38 0-66-14-66-40',
];
/** Small arrow heads half way along each way: place and direction in degrees. */
const HEADS: readonly (readonly [number, number, number])[] = [
  [102.75, 32.25, -30],
  [197.25, 32.25, 30],
  [197.25, 91.75, 150],
  [102.75, 91.75, 210],
];
const FAULTS = ['M150 28v27', 'M209 62h-52', 'M150 96V69'];

/** The same five states with their names, for where there is room. */
export const StateDiagram = (props: StateRingProps): JSX.Element => (
  <svg
    class="diagram"
    viewBox="0 0 300 128"
    role="img"
    aria-label={`The five states; now it is ${props.state}`}
    data-tone={props.state}
    data-still={props.still === true ? '' : undefined}
  >
    <For each={WAYS}>{(way) => <path class="ring__way" d={way} />}</For>
    <For each={FAULTS}>{(way) => <path class="diagram__fault" d={way} />}</For>
    <For each={HEADS}>
      {([x, y, turn]) => (
        <path
          class="diagram__head"
          d="M-3-3 2 0-3 3"
          transform={`translate(${String(x)} ${String(y)}) rotate(${String(turn)})`}
        />
      )}
    </For>
    <For each={LIFECYCLE_STATES}>
      {(state) => (
        <>
          <circle
            class="ring__node"
            data-lit={state === props.state ? '' : undefined}
            cx={LABELS[state].at[0]}
            cy={LABELS[state].at[1]}
            r={state === props.state ? 7 : 4.5}
          />
          <text
            class="diagram__label"
            data-lit={state === props.state ? '' : undefined}
            x={LABELS[state].text[0]}
            y={LABELS[state].text[1]}
            text-anchor={LABELS[state].anchor}
          >
            {state}
            <Show when={state === 'loading' && props.state === 'loading' && typeof props.progress === 'number'}>
              {' '}
              {percent(props.progress ?? 0)}
            </Show>
          </text>
        </>
      )}
    </For>
  </svg>
);
