import { A } from '@solidjs/router';
import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { grouped } from '../format/numbers.ts';
import { Icon } from '../kit/icons.tsx';
import { PAGES } from '../pages/list.ts';
import type { PageEntry } from '../pages/list.ts';
import { useApp } from '../state/app.tsx';
import './navigation.css';

/** What a page wants to be looked at for, as a short number. */
const Count = (props: { page: PageEntry }): JSX.Element => {
  const app = useApp();
  const failed = (): number => app.live.models().filter((model) => model.state === 'error').length;
  return (
    <Show when={props.page.path === '/models' && app.live.ready()}>
      <Show when={failed() > 0} fallback={<span class="nav__count">{grouped(app.live.ids().length)}</span>}>
        <span class="nav__count nav__count--trouble">
          {failed()}
          <span class="visually-hidden"> failed</span>
        </span>
      </Show>
    </Show>
  );
};

export const Navigation = (props: { onGo: () => void }): JSX.Element => (
  <nav class="nav" aria-label="Pages">
    <For each={PAGES}>
      {(page) => (
        <A
          class="nav__link"
          href={page.path}
          end={page.path === '/'}
          activeClass="nav__link--active"
          aria-keyshortcuts={`g ${page.key}`}
          onClick={() => props.onGo()}
        >
          <Icon name={page.icon} size={18} />
          {page.title}
          <Count page={page} />
        </A>
      )}
    </For>
  </nav>
);

/** The most used pages at the thumb of a phone. */
export const BottomBar = (): JSX.Element => (
  <nav class="bar" aria-label="Most used pages">
    <For each={PAGES.filter((page) => page.bar)}>
      {(page) => (
        <A class="bar__link" href={page.path} end={page.path === '/'} activeClass="bar__link--active">
          <Icon name={page.icon} size={20} />
          {page.title}
        </A>
      )}
    </For>
  </nav>
);
