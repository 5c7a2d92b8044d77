/** Shortcuts that work on every page. The sheet of shortcuts and this handler read the same table. */
import { useNavigate } from '@solidjs/router';
import { onCleanup, onMount } from 'solid-js';
import { isTyping } from '../kit/typing.ts';
import { PAGES } from '../pages/list.ts';
import type { App } from '../state/app.tsx';

/** How long `g` waits for the letter of a page, ms. */
const SEQUENCE = 1200;

export const isMac = (): boolean => /mac|iphone|ipad/i.test(navigator.userAgent);

/** What each page's own shortcuts are; they are handled where they act. */
export const SHORTCUTS: readonly { group: string; keys: readonly { press: string; does: string }[] }[] = [
  {
    group: 'Anywhere',
    keys: [
      { press: 'Mod K', does: 'Find a page, a model or an action' },
      { press: '?', does: 'This sheet' },
      { press: 't', does: 'Switch between light and dark' },
      { press: 'Esc', does: 'Close what is open' },
    ],
  },
  { group: 'Go to', keys: PAGES.map((page) => ({ press: `g ${page.key}`, does: page.title })) },
  {
    group: 'Lists',
    keys: [
      { press: '/', does: 'Search' },
      { press: '↑ ↓', does: 'From name to name' },
    ],
  },
  { group: 'Configuration', keys: [{ press: 'Mod S', does: 'Store what was changed' }] },
  {
    group: 'Chat',
    keys: [
      { press: 'Enter', does: 'Send' },
      { press: 'Shift Enter', does: 'A new line' },
      { press: 'Esc', does: 'Stop the answer' },
    ],
  },
];

const isDark = (app: App): boolean =>
  app.theme.theme() === 'dark' ||
  (app.theme.theme() === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);

export const keepShortcuts = (app: App): void => {
  const navigate = useNavigate();
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const onKey = (event: KeyboardEvent): void => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      if (app.overlays.palette() === null) app.overlays.openPalette();
      else app.overlays.closePalette();
      return;
    }
    const inDialog = event.target instanceof Element && event.target.closest('dialog') !== null;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target) || inDialog)
      return;
    if (waiting !== undefined) {
      clearTimeout(waiting);
      waiting = undefined;
      const page = PAGES.find(({ key }) => key === event.key);
      if (page === undefined) return;
      event.preventDefault();
      navigate(page.path);
    } else if (event.key === 'g') {
      waiting = setTimeout(() => (waiting = undefined), SEQUENCE);
    } else if (event.key === '?') {
      event.preventDefault();
      app.overlays.setHelp(true);
    } else if (event.key === 't') {
      app.preferences
        .chooseTheme(isDark(app) ? 'light' : 'dark')
        .catch((error: unknown) => app.toasts.failure('The theme was not stored', error));
    }
  };
  onMount(() => {
    document.addEventListener('keydown', onKey);
  });
  onCleanup(() => {
    clearTimeout(waiting);
    document.removeEventListener('keydown', onKey);
  });
};
