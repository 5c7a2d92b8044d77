/** A short sound when somebody is needed: only in this browser, and only when the person asked for it here. */
import { createSignal } from 'solid-js';
import type { Accessor } from 'solid-js';
import { readStored, writeStored } from './stored.ts';

export interface Sound {
  on: Accessor<boolean>;
  /** Switched on it is heard once: a browser lets a page make sounds after a click, and one knows what to listen for. */
  turn: (on: boolean) => void;
  play: () => void;
}

/** Two tones, in Hz, one after the other. */
const TONES = [660, 880] as const;
const EACH_S = 0.14;
const LOUDNESS = 0.12;

export const createSound = (): Sound => {
  const [on, setOn] = createSignal(readStored('sound') === 'yes');
  let context: AudioContext | null = null;
  const play = (): void => {
    if (!on() || typeof AudioContext === 'undefined') return;
    context ??= new AudioContext();
    const { currentTime, destination } = context;
    for (const [at, frequency] of TONES.entries()) {
      const tone = context.createOscillator();
      const gain = context.createGain();
      const from = currentTime + at * EACH_S;
      tone.frequency.value = frequency;
      gain.gain.setValueAtTime(LOUDNESS, from);
      gain.gain.exponentialRampToValueAtTime(0.001, from + EACH_S);
      tone.connect(gain).connect(destination);
      tone.start(from);
      tone.stop(from + EACH_S);
    }
    // A page that nobody has clicked on yet stays silent.
    context.resume().catch(() => undefined);
  };
  return {
    on,
    turn: (next) => {
      setOn(next);
      writeStored('sound', next ? 'yes' : 'no');
      play();
    },
    play,
  };
};
