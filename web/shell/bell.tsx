import { createSignal, createUniqueId, lazy, Show, Suspense } from 'solid-js';
import type { JSX } from 'solid-js';
import { Icon } from '../kit/icons.tsx';
import { useApp } from '../state/app.tsx';
import './bell.css';

const NotificationPanel = lazy(() => import('./notification-panel.tsx'));

const MOST = 99;
const countOf = (unread: number): string => (unread > MOST ? `${String(MOST)}+` : String(unread));

/** The bell with the number of what is unread; the list behind it is fetched when it is opened. */
export const Bell = (): JSX.Element => {
  const app = useApp();
  const id = createUniqueId();
  const [open, setOpen] = createSignal(false);
  let button!: HTMLButtonElement;
  const label = (): string =>
    app.notifications.unread() === 0 ? 'Notifications' : `Notifications, ${String(app.notifications.unread())} unread`;
  return (
    <Show when={app.offers.has('notifications:list')}>
      <span class="bell">
        <button
          ref={button}
          type="button"
          class="icon-button"
          aria-label={label()}
          data-tip={label()}
          aria-haspopup="dialog"
          aria-expanded={open()}
          aria-controls={open() ? id : undefined}
          onPointerEnter={() => void NotificationPanel.preload().catch(() => undefined)}
          onClick={() => setOpen(!open())}
        >
          <Icon name="bell" size={18} />
          <Show when={app.notifications.unread() > 0}>
            <span class="bell__count" aria-hidden="true">
              {countOf(app.notifications.unread())}
            </span>
          </Show>
        </button>
        <Show when={open()}>
          <Suspense>
            <NotificationPanel id={id} anchor={button} onClose={() => setOpen(false)} />
          </Suspense>
        </Show>
      </span>
    </Show>
  );
};
