/** One ticking clock for the whole page, so that countdowns agree and a hidden tab costs nothing. */
import { createEffect, createMemo, createSignal, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { Live } from './live.ts';

const TICK = 1000;

/**
 * The server's time now, epoch ms, once per second. It stands still while nothing is heard from the server: an uptime that
 * counts on would claim that the model is still up.
 */
export const createClock = (live: Pick<Live, 'connection' | 'skew'>): Accessor<number> => {
  const [now, setNow] = createSignal(Date.now());
  const [visible, setVisible] = createSignal(document.visibilityState === 'visible');
  const ticking = createMemo(() => visible() && live.connection().phase === 'live');
  const look = (): void => {
    setVisible(document.visibilityState === 'visible');
  };
  document.addEventListener('visibilitychange', look);
  onCleanup(() => {
    document.removeEventListener('visibilitychange', look);
  });
  createEffect(() => {
    if (!ticking()) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), TICK);
    onCleanup(() => {
      clearInterval(timer);
    });
  });
  const serverNow = createMemo(() => now() + live.skew());
  return serverNow;
};
