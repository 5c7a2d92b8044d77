import type { JSX } from 'solid-js';
import type { LifecycleState } from '../../src/contracts/views.ts';
import './badge.css';

export type Tone = LifecycleState | 'neutral';

/** A word with a colour and a shape: the colour is never the only thing that says it. */
export const Badge = (props: { tone: Tone; children: JSX.Element; tip?: string; dot?: boolean }): JSX.Element => (
  <span class="badge" data-tone={props.tone} data-tip={props.tip} data-dot={props.dot === false ? undefined : ''}>
    {props.children}
  </span>
);
