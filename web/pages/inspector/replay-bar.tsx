import { createEffect, createSignal, onCleanup, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { grouped, plural } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';

/** Steps a second while a recording is played. */
const SPEED = 4;

/** Moves through the steps: the newest is "live", everything before is a replay of what happened. */
export const ReplayBar = (props: {
  count: number;
  /** Steps applied; null follows the newest. */
  position: number | null;
  missed: number;
  onMove: (position: number | null) => void;
}): JSX.Element => {
  const [playing, setPlaying] = createSignal(false);
  const at = (): number => props.position ?? props.count;
  const move = (position: number): void => props.onMove(Math.max(0, Math.min(props.count, position)));

  createEffect(() => {
    if (!playing()) return;
    const timer = setInterval(() => {
      if (at() >= props.count) setPlaying(false);
      else move(at() + 1);
    }, 1000 / SPEED);
    onCleanup(() => clearInterval(timer));
  });

  const play = (): void => {
    if (playing()) {
      setPlaying(false);
      return;
    }
    if (at() >= props.count) move(0);
    setPlaying(true);
  };

  return (
    <div class="replay" role="group" aria-label="Replay">
      <Button
        size="small"
        variant={props.position === null ? 'primary' : 'secondary'}
        onPress={() => {
          setPlaying(false);
          props.onMove(props.position === null ? props.count : null);
        }}
      >
        {props.position === null ? 'Pause' : 'Back to live'}
      </Button>
      <Button size="small" label="One step back" onPress={() => move(at() - 1)}>
        ←
      </Button>
      <Button size="small" onPress={play} disabledReason={props.count === 0 ? 'Nothing has happened yet' : null}>
        {playing() ? 'Stop' : 'Replay'}
      </Button>
      <Button size="small" label="One step on" onPress={() => move(at() + 1)}>
        →
      </Button>
      <input
        class="replay__slider"
        type="range"
        min="0"
        max={props.count}
        value={at()}
        aria-label="Step shown"
        onInput={(event) => move(event.currentTarget.valueAsNumber)}
      />
      <span class="replay__count">
        {grouped(at())} of {plural(props.count, 'step')}
        <Show when={props.missed > 0}>, {grouped(props.missed)} left out</Show>
      </span>
    </div>
  );
};
