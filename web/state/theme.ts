/** Light, dark, or as the system has it. `public/theme.js` applies the stored choice before the first paint. */
import { createSignal } from 'solid-js';
import type { Accessor } from 'solid-js';

export const THEMES = ['light', 'system', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** Also written in `public/theme.js`, which cannot import it. */
const KEY = 'llamactor.theme';

const isTheme = (value: unknown): value is Theme => THEMES.some((theme) => theme === value);

/** Storage can be switched off in the browser; then the choice lasts as long as the page. */
const stored = (): Theme => {
  try {
    const value = localStorage.getItem(KEY);
    return isTheme(value) ? value : 'system';
  } catch {
    return 'system';
  }
};

export interface ThemeSwitch {
  theme: Accessor<Theme>;
  choose: (theme: Theme) => void;
}

export const createTheme = (): ThemeSwitch => {
  const [theme, setTheme] = createSignal<Theme>(stored());
  const show = (value: Theme): void => {
    setTheme(value);
    document.documentElement.dataset['theme'] = value;
  };
  // Two tabs agree.
  addEventListener('storage', (event) => {
    if (event.key === KEY) show(isTheme(event.newValue) ? event.newValue : 'system');
  });
  return {
    theme,
    choose: (value) => {
      show(value);
      try {
        localStorage.setItem(KEY, value);
      } catch {
        // Nothing to say: the choice is visible, it just does not outlive the page.
      }
    },
  };
};
