import type { JSX } from 'solid-js';
import type { Tone } from './badge.tsx';
import './progress-bar.css';

/** `value` in percent; null moves without saying how far it is. */
export const ProgressBar = (props: {
  value: number | null;
  label: string;
  tone?: Tone;
  still?: boolean;
}): JSX.Element => (
  <div
    class="progress"
    role="progressbar"
    aria-label={props.label}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow={props.value === null ? undefined : Math.round(props.value)}
    data-tone={props.tone ?? 'loading'}
    data-unknown={props.value === null ? '' : undefined}
    data-still={props.still === true ? '' : undefined}
  >
    <div class="progress__fill" style={{ '--share': String((props.value ?? 35) / 100) }} />
  </div>
);

/** How much of something is used: the same bar, read as a measurement. */
export const Meter = (props: { value: number; max: number; label: string; text: string }): JSX.Element => (
  <div
    class="progress"
    role="meter"
    aria-label={props.label}
    aria-valuemin="0"
    aria-valuemax={props.max}
    aria-valuenow={props.value}
    aria-valuetext={props.text}
    data-still=""
    data-tone={props.max > 0 && props.value / props.max > 0.92 ? 'error' : 'neutral'}
  >
    <div
      class="progress__fill"
      style={{ '--share': String(props.max > 0 ? Math.min(1, props.value / props.max) : 0) }}
    />
  </div>
);
