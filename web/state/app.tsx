/** Everything a page can use, put together once and handed down. */
import { createContext, onCleanup, useContext } from 'solid-js';
import type { Accessor, JSX } from 'solid-js';
import { createClient } from '../net/client.ts';
import type { Client } from '../net/client.ts';
import { createModelActions } from './actions.ts';
import type { ModelActions } from './actions.ts';
import { createClock } from './clock.ts';
import { createConfirm } from './confirm.ts';
import type { Confirm } from './confirm.ts';
import { createLive } from './live.ts';
import type { Live } from './live.ts';
import { createSlices } from './slices.ts';
import type { Slices } from './slices.ts';
import { createTheme } from './theme.ts';
import type { ThemeSwitch } from './theme.ts';
import { createToasts } from './toasts.ts';
import type { Toasts } from './toasts.ts';

export interface App {
  client: Client;
  live: Live;
  slices: Slices;
  toasts: Toasts;
  confirm: Confirm;
  theme: ThemeSwitch;
  actions: ModelActions;
  /** The server's time, epoch ms; stands still while the data is stale. */
  now: Accessor<number>;
  /** What is shown may be acted on. */
  isLive: Accessor<boolean>;
}

const Context = createContext<App>();

export const AppProvider = (props: { children: JSX.Element }): JSX.Element => {
  const client = createClient();
  const live = createLive(client);
  const toasts = createToasts();
  const confirm = createConfirm();
  const app: App = {
    client,
    live,
    toasts,
    confirm,
    slices: createSlices(client, live),
    theme: createTheme(),
    actions: createModelActions(client, live, toasts, confirm),
    now: createClock(live),
    isLive: () => live.connection().phase === 'live',
  };
  onCleanup(live.stop);
  live.connect();
  return <Context.Provider value={app}>{props.children}</Context.Provider>;
};

export const useApp = (): App => {
  const app = useContext(Context);
  if (app === undefined) throw new Error('useApp is called outside of AppProvider');
  return app;
};
