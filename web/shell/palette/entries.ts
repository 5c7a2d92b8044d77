/** What the command palette offers: pages, models and actions, as they are possible now. */
import { displayName } from '../../format/model.ts';
import type { IconName } from '../../kit/icon-paths.ts';
import { apiUrl } from '../router-panel.tsx';
import { copyText } from '../../kit/copy.tsx';
import { PAGES, PARTS } from '../../pages/list.ts';
import type { App } from '../../state/app.tsx';
import { isUnusable } from '../../state/library.ts';
import { THEMES } from '../../state/theme.ts';
import type { Ranked } from './rank.ts';

export interface PaletteEntry extends Ranked {
  id: string;
  group: 'Pages' | 'Models' | 'Actions';
  icon: IconName;
  /** A word at the end of the line: a state, a shortcut. */
  aside?: string;
  /** May reject; the palette shows why. */
  run: () => unknown;
}

const THEME_NAMES = { light: 'light', system: 'the system’s', dark: 'dark' } as const;
const THEME_ICONS = { light: 'sun', system: 'screen', dark: 'moon' } as const;

const modelEntries = (app: App, go: (path: string) => void): PaletteEntry[] =>
  app.live.models().flatMap((model): PaletteEntry[] => {
    const name = displayName(model);
    const words = [model.metadata?.architecture, model.metadata?.quantization, ...model.aliases]
      .filter(Boolean)
      .join(' ');
    const base = { group: 'Models' as const, words, aside: model.state };
    const details: PaletteEntry = {
      ...base,
      id: `details ${model.id}`,
      title: `Details of ${name}`,
      icon: 'info',
      run: () => go(`/models?model=${encodeURIComponent(model.id)}`),
    };
    if (isUnusable(model)) return [details];
    const on = model.state === 'loaded' || model.state === 'loading';
    const act: PaletteEntry = on
      ? {
          ...base,
          id: `unload ${model.id}`,
          title: `Unload ${name}`,
          icon: 'stop',
          run: () => void app.actions.unload(model),
        }
      : {
          ...base,
          id: `load ${model.id}`,
          title: `Load ${name}`,
          icon: 'play',
          run: () => void app.actions.load(model),
        };
    const chat: PaletteEntry = {
      ...base,
      id: `chat ${model.id}`,
      title: `Chat with ${name}`,
      icon: 'chat',
      run: () => go(`/chat?model=${encodeURIComponent(model.id)}`),
    };
    const chats = model.metadata === null || model.metadata.outputModalities.includes('text');
    return [act, ...(chats ? [chat] : []), details];
  });

const actionEntries = (app: App, go: (path: string) => void): PaletteEntry[] => {
  const router = app.live.router();
  const up = router?.state === 'loaded';
  const url = router === null ? null : apiUrl(router);
  const entries: (PaletteEntry | null)[] = [
    { id: 'chat', title: 'New conversation', words: 'chat', icon: 'plus', group: 'Actions', run: () => go('/chat') },
    {
      id: 'session',
      title: 'New session',
      words: 'browser web agent task',
      icon: 'plus',
      group: 'Actions',
      run: () => go('/sessions'),
    },
    {
      id: 'download',
      title: 'Download a model',
      words: 'add models hugging face quant get pull',
      icon: 'download',
      group: 'Actions',
      run: () => go('/models?add=download'),
    },
    {
      id: 'scan',
      title: 'Rescan the folders',
      words: 'models search refresh',
      icon: 'refresh',
      group: 'Actions',
      run: async () => {
        const { found } = await app.client.request('models:scan', {});
        app.toasts.show({ tone: 'success', title: `${String(found)} models found` });
      },
    },
    up
      ? {
          id: 'restart',
          title: 'Restart the router',
          words: 'api',
          icon: 'refresh',
          group: 'Actions',
          run: app.router.restart,
        }
      : { id: 'start', title: 'Start the router', words: 'api', icon: 'play', group: 'Actions', run: app.router.start },
    up
      ? { id: 'stop', title: 'Stop the router', words: 'api', icon: 'stop', group: 'Actions', run: app.router.stop }
      : null,
    url === null
      ? null
      : {
          id: 'url',
          title: 'Copy the API’s URL',
          words: 'openai base',
          icon: 'copy',
          group: 'Actions',
          run: () => copyText(url),
        },
    app.live.engine()?.state === 'missing'
      ? {
          id: 'engine',
          title: 'Install the engine',
          words: 'llama-server',
          icon: 'download',
          group: 'Actions',
          run: () => app.client.request('engine:install', {}),
        }
      : null,
    ...THEMES.filter((theme) => theme !== app.theme.theme()).map((theme): PaletteEntry => ({
      id: `theme ${theme}`,
      title: `Use ${THEME_NAMES[theme]} colours`,
      words: 'theme mode',
      icon: THEME_ICONS[theme],
      group: 'Actions',
      run: () => app.preferences.chooseTheme(theme),
    })),
    {
      id: 'compact',
      title: app.preferences.settings().compactMode ? 'Use roomy lists' : 'Use compact lists',
      words: 'density',
      icon: 'text',
      group: 'Actions',
      run: () => app.preferences.change({ compactMode: !app.preferences.settings().compactMode }),
    },
    {
      id: 'help',
      title: 'Keyboard shortcuts',
      icon: 'keyboard',
      group: 'Actions',
      aside: '?',
      run: () => app.overlays.setHelp(true),
    },
  ];
  return entries.filter((entry) => entry !== null);
};

export const paletteEntries = (app: App, go: (path: string) => void): PaletteEntry[] => [
  ...PAGES.map((page): PaletteEntry => ({
    id: page.path,
    title: page.title,
    words: page.words,
    icon: page.icon,
    group: 'Pages',
    aside: `g ${page.key}`,
    run: () => go(page.path),
  })),
  ...PARTS.map((part): PaletteEntry => ({
    id: part.path,
    title: part.title,
    words: part.words,
    icon: part.icon,
    group: 'Pages',
    run: () => go(part.path),
  })),
  ...actionEntries(app, go),
  ...modelEntries(app, go),
];
