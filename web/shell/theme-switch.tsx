import { For } from 'solid-js';
import type { JSX } from 'solid-js';
import { Icon } from '../kit/icons.tsx';
import { useApp } from '../state/app.tsx';
import { THEMES } from '../state/theme.ts';
import type { Theme } from '../state/theme.ts';
import './theme-switch.css';

const LABELS = { light: 'Light', system: 'As the system', dark: 'Dark' } as const;
const ICONS = { light: 'sun', system: 'screen', dark: 'moon' } as const;

/** Native radio buttons: arrow keys, one tab stop and the right words for screen readers come with them. */
export const ThemeSwitch = (): JSX.Element => {
  const app = useApp();
  const choose = (theme: Theme): void => {
    app.preferences.chooseTheme(theme).catch((error: unknown) => app.toasts.failure('The theme was not stored', error));
  };
  return (
    <fieldset class="theme-switch">
      <legend class="visually-hidden">Theme</legend>
      <For each={THEMES}>
        {(theme) => (
          <label class="theme-switch__option" data-tip={LABELS[theme]}>
            <input
              class="visually-hidden"
              type="radio"
              name="theme"
              value={theme}
              checked={app.theme.theme() === theme}
              onChange={() => choose(theme)}
            />
            <Icon name={ICONS[theme]} />
            <span class="visually-hidden">{LABELS[theme]}</span>
          </label>
        )}
      </For>
    </fieldset>
  );
};
