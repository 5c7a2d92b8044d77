import type { JSX } from 'solid-js';
import { ICON_PATHS } from './icon-paths.ts';
import type { IconName } from './icon-paths.ts';

/** Decorative by itself; what it stands for is said by the text or label beside it. */
export const Icon = (props: { name: IconName; size?: number }): JSX.Element => (
  <svg
    class="icon"
    viewBox="0 0 20 20"
    width={props.size ?? 16}
    height={props.size ?? 16}
    fill="none"
    stroke="currentColor"
    stroke-width={props.name === 'more' || props.name === 'embedding' ? 2.4 : 1.6}
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    <path d={ICON_PATHS[props.name]} />
  </svg>
);
