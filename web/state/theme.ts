/** Light, dark, or as the system has it. `public/theme.js` applies the last choice before the first paint. */
import { createSignal } from 'solid-js';
import type { Accessor } from 'solid-js';
import { readStored, writeStored } from './stored.ts';

export const THEMES = ['light', 'system', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const isTheme = (value: unknown): value is Theme => THEMES.some((theme) => theme === value);

export interface ThemeSwitch {
  theme: Accessor<Theme>;
  show: (theme: Theme) => void;
}

/** Shows a theme and remembers it for the next first paint. What is chosen for good is a setting: `state/preferences.ts`. */
export const createTheme = (): ThemeSwitch => {
  const stored = readStored('theme');
  const [theme, setTheme] = createSignal<Theme>(isTheme(stored) ? stored : 'system');
  return {
    theme,
    show: (value) => {
      setTheme(value);
      document.documentElement.dataset['theme'] = value;
      writeStored('theme', value);
    },
  };
};
