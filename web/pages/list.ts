/** The pages, once: the navigation, the palette, the shortcuts and the tab's title read this list. */
import type { IconName } from '../kit/icon-paths.ts';

export interface PageEntry {
  path: string;
  title: string;
  icon: IconName;
  /** Pressed after `g`. */
  key: string;
  /** What else people call it. */
  words: string;
  /** It has a place in a phone's bar at the bottom; the others are behind its menu. */
  bar: boolean;
}

export const PAGES: readonly PageEntry[] = [
  { path: '/', title: 'Dashboard', icon: 'home', key: 'd', words: 'home overview status start', bar: true },
  { path: '/models', title: 'Models', icon: 'models', key: 'm', words: 'library gguf load unload', bar: true },
  { path: '/chat', title: 'Chat', icon: 'chat', key: 'c', words: 'talk prompt conversation', bar: true },
  {
    path: '/channels',
    title: 'Channels',
    icon: 'people',
    key: 'n',
    words: 'agents group messages people talk dm rooms',
    bar: false,
  },
  {
    path: '/runs',
    title: 'Runs',
    icon: 'terminal',
    key: 'r',
    words: 'agents claude codex prompt queue processes output',
    bar: false,
  },
  {
    path: '/sessions',
    title: 'Sessions',
    icon: 'globe',
    key: 'b',
    words: 'browser agents web surf click take over approvals',
    bar: false,
  },
  {
    path: '/media',
    title: 'Media',
    icon: 'film',
    key: 'e',
    words: 'images pictures video audio sound generate stable diffusion ffmpeg whisper',
    bar: false,
  },
  {
    path: '/monitoring',
    title: 'Monitoring',
    icon: 'chart',
    key: 'o',
    words: 'charts cpu memory gpu health requests activity timeline',
    bar: true,
  },
  { path: '/logs', title: 'Logs', icon: 'logs', key: 'l', words: 'output errors lines', bar: true },
  {
    path: '/inspector',
    title: 'Inspector',
    icon: 'flow',
    key: 'i',
    words: 'state machines actors events xstate replay debug',
    bar: false,
  },
  {
    path: '/audit',
    title: 'Audit',
    icon: 'check',
    key: 'a',
    words: 'approvals decisions consent allow reject human',
    bar: false,
  },
  {
    path: '/configuration',
    title: 'Configuration',
    icon: 'sliders',
    key: 'f',
    words: 'config presets ini folders ports',
    bar: false,
  },
  {
    path: '/settings',
    title: 'Settings',
    icon: 'gear',
    key: 's',
    words: 'theme appearance about notifications keys access',
    bar: false,
  },
];

/** Parts of pages, for the palette. */
export const PARTS: readonly Pick<PageEntry, 'path' | 'title' | 'icon' | 'words'>[] = [
  {
    path: '/monitoring/requests',
    title: 'Requests',
    icon: 'rank',
    words: 'activity monitoring latency tokens errors cancel history',
  },
  { path: '/monitoring/timeline', title: 'Timeline', icon: 'clock', words: 'monitoring loads models when history' },
  { path: '/settings/keys', title: 'Keys', icon: 'bolt', words: 'settings api access tokens scopes revoke' },
  { path: '/configuration/presets', title: 'Presets', icon: 'sliders', words: 'configuration ini' },
];

/** The page an address belongs to; undefined for one that does not exist. */
export const pageAt = (path: string): PageEntry | undefined =>
  PAGES.find((page) => (page.path === '/' ? path === '/' : path === page.path || path.startsWith(`${page.path}/`)));
