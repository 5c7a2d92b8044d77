/** The tab tells trouble too: title, icon and the colour of the browser's frame follow the state. */
import { at, withoutBase } from '../net/base.ts';
import { useLocation } from '@solidjs/router';
import { createEffect, createMemo } from 'solid-js';
import { pageAt } from '../pages/list.ts';
import type { App } from '../state/app.tsx';
import { tabStory } from './tab-story.ts';
import type { Mood } from './tab-story.ts';

const ICONS: Readonly<Record<Mood, string>> = {
  well: at('/favicon.svg'),
  trouble: at('/favicon-trouble.svg'),
  offline: at('/favicon-offline.svg'),
};

export const keepHead = (app: App): void => {
  const location = useLocation();
  const story = createMemo(() =>
    tabStory({
      phase: app.live.connection().phase,
      failed: app.live.models().filter((model) => model.state === 'error').length,
      engineMissing: app.live.engine()?.state === 'missing',
      routerFailed: app.live.router()?.state === 'error',
      page: pageAt(withoutBase(location.pathname))?.title ?? 'Not found',
    }),
  );
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
