import { createMemo, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { sparklinePath } from './sparkline-path.ts';
import './sparkline.css';

const WIDTH = 200;
const HEIGHT = 40;

/** The shape of the last minutes. Decorative: the number beside it says what it is now. `max` is the top of the scale. */
export const Sparkline = (props: {
  points: readonly (readonly [at: number, value: number])[];
  max: number;
}): JSX.Element => {
  const path = createMemo(() => sparklinePath(props.points, props.max, WIDTH, HEIGHT));
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <Show when={path()}>
        {(shape) => (
          <>
            <path class="sparkline__area" d={shape().area} />
            <path class="sparkline__line" d={shape().line} vector-effect="non-scaling-stroke" />
          </>
        )}
      </Show>
    </svg>
  );
};
