import { A, useLocation } from '@solidjs/router';
import { createEffect, createSignal, ErrorBoundary, lazy, on, onMount, Show, Suspense } from 'solid-js';
import type { JSX } from 'solid-js';
import { Button, IconButton } from '../kit/button.tsx';
import { ConfirmHost } from '../kit/confirm-dialog.tsx';
import { EmptyState } from '../kit/empty-state.tsx';
import { Icon } from '../kit/icons.tsx';
import { ToastRegion } from '../kit/toast-region.tsx';
import { TooltipLayer } from '../kit/tooltip.tsx';
import { withoutBase } from '../net/base.ts';
import { useApp } from '../state/app.tsx';
import { messageOf } from '../state/toasts.ts';
import type { SessionUser } from '../state/session.ts';
import { Announcer } from './announcer.tsx';
import { AskingTeller } from './asking-teller.tsx';
import { Bell } from './bell.tsx';
import { ConnectionPill } from './connection-pill.tsx';
import { EnginePanel } from './engine-panel.tsx';
import { HelpSheet } from './help-sheet.tsx';
import { keepHead } from './head.ts';
import { isMac, keepShortcuts } from './keys.ts';
import { Logo } from './logo.tsx';
import { BottomBar, Navigation } from './navigation.tsx';
import { Notices } from './notices.tsx';
import { NotificationTeller } from './notification-teller.tsx';
import { RouterPanel } from './router-panel.tsx';
import { ThemeSwitch } from './theme-switch.tsx';
import { TotalsPanel } from './totals-panel.tsx';
import './shell.css';

/** How long after the page the palette is fetched, ms. */
const PALETTE_AFTER = 1000;
const ApprovalTray = lazy(() => import('./approvals.tsx'));
const Login = lazy(() => import('./login.tsx'));
const Palette = lazy(() => import('./palette/palette.tsx'));

/** A page that broke: the rest of the dashboard goes on, and the cause is on the screen. */
const Broken = (props: { error: unknown; onAgain: () => void }): JSX.Element => (
  <EmptyState
    title="This page broke"
    actions={
      <>
        <Button variant="primary" onPress={() => props.onAgain()}>
          Try again
        </Button>
        <Button onPress={() => location.reload()}>Reload</Button>
      </>
    }
  >
    <p>{messageOf(props.error)}</p>
  </EmptyState>
);

const logOutLabel = (user: SessionUser | null): string => (user === null ? 'Log out' : `Log out ${user.userId}`);

const FindButton = (): JSX.Element => {
  const app = useApp();
  return (
    <button type="button" class="find" aria-keyshortcuts="Control+K Meta+K" onClick={() => app.overlays.openPalette()}>
      <Icon name="search" />
      <span class="find__words">Find anything</span>
      <kbd class="find__key" aria-hidden="true">
        {isMac() ? '⌘' : 'Ctrl'} K
      </kbd>
    </button>
  );
};

const Dashboard = (props: { children?: JSX.Element }): JSX.Element => {
  const app = useApp();
  const location = useLocation();
  const [open, setOpen] = createSignal(false);
  let main!: HTMLElement;
  keepShortcuts(app);
  // What is typed while its code is still on the way would be lost, so it comes before anybody asks for it.
  onMount(() => setTimeout(() => void Palette.preload().catch(() => undefined), PALETTE_AFTER));
  // A new page begins at its top; whoever listens hears it from the start.
  createEffect(
    on(
      () => withoutBase(location.pathname).split('/')[1],
      () => {
        setOpen(false);
        if (!app.overlays.help()) main.focus({ preventScroll: true });
      },
      { defer: true },
    ),
  );
  return (
    <>
      <a class="skip-link" href="#main">
        Skip to the content
      </a>
      <div class="shell" data-stale={app.live.ready() && !app.isLive() ? '' : undefined}>
        <header class="rail">
          <div class="rail__inner">
            <div class="rail__top">
              <A class="brand" href="/" activeClass="" aria-label="Llamactor, to the dashboard">
                <Logo size={30} />
                <span class="brand__name">Llamactor</span>
              </A>
              <ConnectionPill />
              <span class="rail__toggle">
                <Bell />
                <IconButton icon="search" label="Find anything" onPress={() => app.overlays.openPalette()} />
                <IconButton
                  icon={open() ? 'close' : 'menu'}
                  label={open() ? 'Hide the menu and the system’s status' : 'Show the menu and the system’s status'}
                  expanded={open()}
                  controls="rail-body"
                  onPress={() => setOpen(!open())}
                />
              </span>
            </div>
            <div id="rail-body" class="rail__body" data-open={open() ? '' : undefined}>
              <div class="rail__tools">
                <FindButton />
                <Bell />
              </div>
              <Navigation onGo={() => setOpen(false)} />
              <div class="rail__system fades">
                <TotalsPanel />
                <EnginePanel />
                <RouterPanel />
              </div>
              <footer class="rail__foot">
                <ThemeSwitch />
                <Show when={app.live.version()}>{(version) => <span class="rail__version">v{version()}</span>}</Show>
                <Show when={app.session.shows() !== 'nothing'}>
                  <IconButton icon="logout" label={logOutLabel(app.session.user())} onPress={app.session.logOut} />
                </Show>
                <IconButton icon="keyboard" label="Keyboard shortcuts" onPress={() => app.overlays.setHelp(true)} />
              </footer>
            </div>
          </div>
        </header>
        <main ref={main} id="main" class="main" tabindex="-1">
          <Notices />
          <Show when={app.approvals.waiting().length > 0}>
            <Suspense>
              <ApprovalTray />
            </Suspense>
          </Show>
          <ErrorBoundary fallback={(error: unknown, reset) => <Broken error={error} onAgain={reset} />}>
            <Suspense>{props.children}</Suspense>
          </ErrorBoundary>
        </main>
        <BottomBar />
      </div>
      <Announcer />
      <NotificationTeller />
      <AskingTeller />
      <Show when={app.overlays.palette() !== null}>
        <Suspense>
          <Palette text={app.overlays.palette() ?? ''} />
        </Suspense>
      </Show>
      <Show when={app.overlays.help()}>
        <HelpSheet onClose={() => app.overlays.setHelp(false)} />
      </Show>
      <ConfirmHost />
    </>
  );
};

/** The dashboard, or the login in its place: what nobody may see is not on the page either. */
export const Shell = (props: { children?: JSX.Element }): JSX.Element => {
  const app = useApp();
  keepHead(app);
  const locked = (): boolean => app.live.connection().phase === 'refused' || app.session.asking();
  return (
    <>
      <Show when={locked()} fallback={<Dashboard>{props.children}</Dashboard>}>
        <Suspense>
          <Login />
        </Suspense>
      </Show>
      <ToastRegion />
      <TooltipLayer />
    </>
  );
};
