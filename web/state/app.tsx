/** Everything a page can use, put together once and handed down. */
import { createContext, onCleanup, useContext } from 'solid-js';
import type { Accessor, JSX } from 'solid-js';
import { createClient } from '../net/client.ts';
import type { Client } from '../net/client.ts';
import { createModelActions } from './actions.ts';
import type { ModelActions } from './actions.ts';
import { createApprovals } from './approvals.ts';
import type { Approvals } from './approvals.ts';
import { createClock } from './clock.ts';
import { createConfirm } from './confirm.ts';
import type { Confirm } from './confirm.ts';
import { createDesktop } from './desktop.ts';
import type { Desktop } from './desktop.ts';
import { createLive } from './live.ts';
import type { Live } from './live.ts';
import { createNotifications } from './notifications.ts';
import type { Notifications } from './notifications.ts';
import { createOffers } from './offers.ts';
import type { Offers } from './offers.ts';
import { createOverlays } from './overlays.ts';
import type { Overlays } from './overlays.ts';
import { createPreferences } from './preferences.ts';
import type { Preferences } from './preferences.ts';
import { createRouterActions } from './router-actions.ts';
import type { RouterActions } from './router-actions.ts';
import { createSamples } from './samples.ts';
import type { Samples } from './samples.ts';
import { createSession } from './session.ts';
import type { Session } from './session.ts';
import { createSlices } from './slices.ts';
import type { Slices } from './slices.ts';
import { createSound } from './sound.ts';
import type { Sound } from './sound.ts';
import { createTheme } from './theme.ts';
import type { ThemeSwitch } from './theme.ts';
import { createToasts } from './toasts.ts';
import type { Toasts } from './toasts.ts';

export interface App {
  client: Client;
  live: Live;
  slices: Slices;
  samples: Samples;
  offers: Offers;
  approvals: Approvals;
  toasts: Toasts;
  confirm: Confirm;
  overlays: Overlays;
  theme: ThemeSwitch;
  preferences: Preferences;
  actions: ModelActions;
  router: RouterActions;
  session: Session;
  notifications: Notifications;
  desktop: Desktop;
  sound: Sound;
  /** The server's time, epoch ms; stands still while the data is stale. */
  now: Accessor<number>;
  /** What is shown may be acted on. */
  isLive: Accessor<boolean>;
  /** Why nothing can be done now, or null. */
  blocked: Accessor<string | null>;
}

const Context = createContext<App>();

export const AppProvider = (props: { children: JSX.Element }): JSX.Element => {
  const client = createClient();
  const session = createSession(client);
  const live = createLive(client);
  const offers = createOffers(live);
  const toasts = createToasts();
  const confirm = createConfirm();
  const slices = createSlices(client, live);
  const theme = createTheme();
  const isLive = (): boolean => live.connection().phase === 'live';
  const app: App = {
    client,
    live,
    toasts,
    confirm,
    slices,
    theme,
    samples: createSamples(client, live),
    approvals: createApprovals(client, live, toasts),
    offers,
    session,
    notifications: createNotifications(client, live, offers),
    desktop: createDesktop(),
    sound: createSound(),
    overlays: createOverlays(),
    preferences: createPreferences(client, slices, theme, isLive),
    actions: createModelActions(client, live, toasts, confirm),
    router: createRouterActions(client, live, confirm),
    now: createClock(live),
    isLive,
    blocked: () => (isLive() ? null : 'Not connected to Llamactor'),
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
