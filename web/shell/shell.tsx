import { A } from '@solidjs/router';
import { createSignal, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { grouped } from '../format/numbers.ts';
import { IconButton } from '../kit/button.tsx';
import { ConfirmHost } from '../kit/confirm-dialog.tsx';
import { Icon } from '../kit/icons.tsx';
import { ToastRegion } from '../kit/toast-region.tsx';
import { TooltipLayer } from '../kit/tooltip.tsx';
import { useApp } from '../state/app.tsx';
import { Announcer } from './announcer.tsx';
import { ConnectionPill } from './connection-pill.tsx';
import { EnginePanel } from './engine-panel.tsx';
import { keepHead } from './head.ts';
import { Logo } from './logo.tsx';
import { Notices } from './notices.tsx';
import { RouterPanel } from './router-panel.tsx';
import { ThemeSwitch } from './theme-switch.tsx';
import { TotalsPanel } from './totals-panel.tsx';
import './shell.css';

export const Shell = (props: { children?: JSX.Element }): JSX.Element => {
  const app = useApp();
  const [open, setOpen] = createSignal(false);
  keepHead(app);
  return (
    <>
      <a class="skip-link" href="#main">
        Skip to the content
      </a>
      <div class="shell" data-stale={app.live.ready() && !app.isLive() ? '' : undefined}>
        <header class="rail">
          <div class="rail__inner">
            <div class="rail__top">
              <A class="brand" href="/models" activeClass="" aria-label="Llamactor, to the models">
                <Logo size={30} />
                <span class="brand__name">Llamactor</span>
              </A>
              <ConnectionPill />
              <span class="rail__toggle">
                <IconButton
                  icon={open() ? 'close' : 'menu'}
                  label={open() ? 'Hide the system’s status' : 'Show the system’s status'}
                  expanded={open()}
                  controls="rail-body"
                  onPress={() => setOpen(!open())}
                />
              </span>
            </div>
            <div id="rail-body" class="rail__body" data-open={open() ? '' : undefined}>
              <nav class="nav" aria-label="Pages">
                <A class="nav__link" href="/models" activeClass="nav__link--active">
                  <Icon name="models" size={18} />
                  Models
                  <Show when={app.live.ready()}>
                    <span class="nav__count">{grouped(app.live.ids().length)}</span>
                  </Show>
                </A>
              </nav>
              <div class="rail__system fades">
                <TotalsPanel />
                <EnginePanel />
                <RouterPanel />
              </div>
              <footer class="rail__foot">
                <ThemeSwitch />
                <Show when={app.live.version()}>{(version) => <span class="rail__version">v{version()}</span>}</Show>
              </footer>
            </div>
          </div>
        </header>
        <main id="main" class="main" tabindex="-1">
          <Notices />
          {props.children}
        </main>
      </div>
      <Announcer />
      <ConfirmHost />
      <ToastRegion />
      <TooltipLayer />
    </>
  );
};
