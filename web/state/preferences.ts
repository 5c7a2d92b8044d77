/** The settings as this page uses them: theme, density, notifications. The server keeps them, so every screen agrees. */
import { createEffect, on } from 'solid-js';
import type { Accessor } from 'solid-js';
import { defaultsOfSettings } from './setting-defaults.ts';
import type { Settings } from '../../src/contracts/config.ts';
import type { Client } from '../net/client.ts';
import type { Slices } from './slices.ts';
import { writeStored } from './stored.ts';
import type { Theme, ThemeSwitch } from './theme.ts';

export interface Preferences {
  /** The server's settings, or the defaults until they have arrived. */
  settings: Accessor<Settings>;
  /** Stores settings; rejects with the server's reason. */
  change: (part: Partial<Settings>) => Promise<void>;
  /** Shows a theme at once and stores it; without a connection it lasts in this browser until the next one. */
  chooseTheme: (theme: Theme) => Promise<void>;
}

export const createPreferences = (
  client: Client,
  slices: Pick<Slices, 'settings'>,
  theme: ThemeSwitch,
  isLive: Accessor<boolean>,
): Preferences => {
  const settings = (): Settings => slices.settings() ?? defaultsOfSettings;
  const change = async (part: Partial<Settings>): Promise<void> => {
    await client.request('settings:update', { settings: part });
  };
  createEffect(
    on(
      () => slices.settings()?.theme,
      (chosen) => {
        if (chosen !== undefined && chosen !== theme.theme()) theme.show(chosen);
      },
    ),
  );
  createEffect(
    on(
      () => slices.settings()?.compactMode,
      (compact) => {
        if (compact === undefined) return;
        document.documentElement.toggleAttribute('data-compact', compact);
        writeStored('compact', compact ? 'yes' : 'no');
      },
    ),
  );
  return {
    settings,
    change,
    chooseTheme: async (chosen) => {
      theme.show(chosen);
      if (isLive()) await change({ theme: chosen });
    },
  };
};
