/** Notifications of the system, outside of the page: only where the browser allows them and the person asked for them here. */
import { createSignal } from 'solid-js';
import type { Accessor } from 'solid-js';
import { at } from '../net/base.ts';
import { readStored, writeStored } from './stored.ts';

export interface Desktop {
  /** `unavailable`: this browser has none, or not over plain HTTP from another machine. */
  permission: Accessor<'unavailable' | 'default' | 'granted' | 'denied'>;
  /** Wanted here, and allowed. */
  on: Accessor<boolean>;
  /** Asks the browser if need be; only from a click, as browsers want it. */
  turn: (on: boolean) => Promise<void>;
  /** Shows one while nobody looks at the page; `open` is what a click on it does. */
  show: (message: { id: string; title: string; body: string }, open: () => void) => void;
}

/** Browsers leave it out of insecure contexts, and some phones have none at all. */
const api = (): typeof Notification | undefined => (globalThis as { Notification?: typeof Notification }).Notification;

export const createDesktop = (): Desktop => {
  const [permission, setPermission] = createSignal<ReturnType<Desktop['permission']>>(
    api()?.permission ?? 'unavailable',
  );
  const [wanted, setWanted] = createSignal(readStored('desktop') === 'yes');
  return {
    permission,
    on: () => wanted() && permission() === 'granted',
    turn: async (on) => {
      const system = api();
      if (system === undefined) return;
      if (on && system.permission === 'default') setPermission(await system.requestPermission());
      const stands = on && system.permission === 'granted';
      setWanted(stands);
      writeStored('desktop', stands ? 'yes' : 'no');
    },
    show: ({ id, title, body }, open) => {
      const system = api();
      if (system?.permission !== 'granted' || !wanted() || document.visibilityState === 'visible') return;
      try {
        const shown = new system(title, { body, tag: id, icon: at('/favicon.svg') });
        shown.addEventListener('click', () => {
          focus();
          shown.close();
          open();
        });
      } catch {
        // Some phones have the name and let only service workers use it; the bell tells the same.
      }
    },
  };
};
