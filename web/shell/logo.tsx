import type { JSX } from 'solid-js';

/** A llama drawn as a state diagram: five nodes, and the lit one is its eye. `public/favicon*.svg` hold the same drawing. */
export const Logo = (props: { size?: number }): JSX.Element => (
  <svg class="logo" viewBox="0 0 32 32" width={props.size ?? 32} height={props.size ?? 32} aria-hidden="true">
    <rect class="logo__ground" width="32" height="32" rx="9" />
    <path class="logo__line" d="M8 25.500V18h9.500v7.500M17.5 18c2 0 3-1 3-3V8.500h4.500M20.5 8.500V5.5" />
    <circle class="logo__node" cx="8" cy="25.5" r="2.1" />
    <circle class="logo__node" cx="8" cy="17.8" r="2.1" />
    <circle class="logo__node" cx="17.5" cy="25.5" r="2.1" />
    <circle class="logo__node" cx="25.2" cy="8.5" r="2.1" />
    <circle class="logo__lit" cx="20.5" cy="8.5" r="2.6" />
  </svg>
);
