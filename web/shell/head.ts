/** The tab tells trouble too: title, icon and the colour of the browser's frame follow the state. */
import { createEffect, createMemo } from 'solid-js';
import type { App } from '../state/app.tsx';
import { tabStory } from './tab-story.ts';
import type { Mood } from './tab-story.ts';

const ICONS: Readonly<Record<Mood, string>> = {
  well: '/favicon.svg',
  trouble: '/favicon-trouble.svg',
  offline: '/favicon-offline.svg',
};

export const keepHead = (app: App): void => {
  const story = createMemo(() => {
    const models = app.live.models();
    return tabStory({
      phase: app.live.connection().phase,
      failed: models.filter((model) => model.state === 'error').length,
      loaded: models.filter((model) => model.state === 'loaded').length,
      engineMissing: app.live.engine()?.state === 'missing',
      routerFailed: app.live.router()?.state === 'error',
    });
  });
  createEffect(() => {
    document.title = story().title;
    document.querySelector('link[rel=icon]')?.setAttribute('href', ICONS[story().mood]);
  });
  createEffect(() => {
    app.theme.theme();
    const ground = getComputedStyle(document.body).backgroundColor;
    document.querySelector('meta[name=theme-color]')?.setAttribute('content', ground);
  });
};
