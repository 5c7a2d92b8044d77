import { useNavigate } from '@solidjs/router';
import { For, onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { NotificationType, NotificationView } from '../../src/contracts/notifications.ts';
import { Button, IconButton } from '../kit/button.tsx';
import { Icon } from '../kit/icons.tsx';
import type { IconName } from '../kit/icon-paths.ts';
import { Moment } from '../kit/moment.tsx';
import { useApp } from '../state/app.tsx';
import { linkOf } from './notification-link.ts';
import './notification-panel.css';

const GAP = 8;
const TONES: Readonly<Record<NotificationType, string>> = {
  info: 'neutral',
  success: 'loaded',
  warning: 'stopping',
  error: 'error',
};
const ICONS: Readonly<Record<NotificationType, IconName>> = {
  info: 'info',
  success: 'check',
  warning: 'alert',
  error: 'alert',
};

const Entry = (props: { notification: NotificationView; onOpen: () => void }): JSX.Element => {
  const linked = (): boolean => linkOf(props.notification.data) !== null;
  const words = (): JSX.Element => (
    <>
      <span class="notification__title">
        <Show when={!props.notification.read}>
          <span class="visually-hidden">Unread: </span>
        </Show>
        {props.notification.title}
        <Show when={props.notification.count > 1}>
          <span class="notification__times">{props.notification.count} times</span>
        </Show>
      </span>
      <span class="notification__message">{props.notification.message}</span>
      <span class="notification__when">
        <Moment at={Date.parse(props.notification.timestamp)} />
      </span>
    </>
  );
  return (
    <li
      class="notification"
      data-tone={TONES[props.notification.type]}
      data-unread={props.notification.read ? undefined : ''}
    >
      <Icon name={ICONS[props.notification.type]} size={16} />
      <Show when={linked() || !props.notification.read} fallback={<div class="notification__words">{words()}</div>}>
        <button type="button" class="notification__words" onClick={() => props.onOpen()}>
          {words()}
        </button>
      </Show>
    </li>
  );
};

/** The list behind the bell: in the top layer beside its button, closed by Escape, a click elsewhere or its own button. */
const NotificationPanel = (props: { id: string; anchor: HTMLElement; onClose: () => void }): JSX.Element => {
  const app = useApp();
  const navigate = useNavigate();
  let panel!: HTMLDivElement;

  const close = (): void => {
    props.onClose();
    props.anchor.focus();
  };
  const onOutside = (event: Event): void => {
    if (!(event.target instanceof Node)) return;
    if (!panel.contains(event.target) && !props.anchor.contains(event.target)) props.onClose();
  };
  /** Below its button and within the window. */
  const place = (): void => {
    const box = props.anchor.getBoundingClientRect();
    const width = panel.offsetWidth;
    panel.style.left = `${String(Math.max(GAP, Math.min(box.left, innerWidth - width - GAP)))}px`;
    panel.style.top = `${String(box.bottom + GAP)}px`;
    panel.style.maxHeight = `${String(innerHeight - box.bottom - 2 * GAP)}px`;
  };
  onMount(() => {
    panel.showPopover();
    place();
    panel.focus({ preventScroll: true });
    document.addEventListener('pointerdown', onOutside, true);
    addEventListener('resize', place);
  });
  onCleanup(() => {
    document.removeEventListener('pointerdown', onOutside, true);
    removeEventListener('resize', place);
  });

  const open = (notification: NotificationView): void => {
    if (!notification.read)
      app.notifications
        .read([notification.id])
        .catch((error: unknown) => app.toasts.failure('It was not marked as read', error));
    const link = linkOf(notification.data);
    if (link === null) return;
    props.onClose();
    navigate(link.href);
  };

  return (
    <div
      ref={panel}
      id={props.id}
      class="notifications"
      popover="manual"
      role="dialog"
      aria-label="Notifications"
      tabindex="-1"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        event.stopPropagation();
        close();
      }}
      onFocusOut={(event) => {
        const { relatedTarget } = event;
        // Whoever tabs out of it has left it.
        if (relatedTarget instanceof Node && !panel.contains(relatedTarget) && !props.anchor.contains(relatedTarget))
          props.onClose();
      }}
    >
      <header class="notifications__head">
        <h2 class="notifications__title">Notifications</h2>
        <Show when={app.notifications.unread() > 0}>
          <Button size="small" variant="quiet" failure="Nothing was marked as read" onPress={app.notifications.readAll}>
            Mark all as read
          </Button>
        </Show>
        <IconButton icon="close" label="Close" onPress={close} />
      </header>
      <Show when={app.notifications.problem()}>
        {(problem) => (
          <p class="notifications__problem" role="alert">
            {problem()}
          </p>
        )}
      </Show>
      <Show
        when={app.notifications.list().length > 0}
        fallback={
          <p class="notifications__empty">
            Nothing yet. You are told here when a model crashes or is given up, when a download or a run ends, and when
            disk or memory run low.
          </p>
        }
      >
        <ul class="notifications__list">
          <For each={app.notifications.list()}>
            {(notification) => <Entry notification={notification} onOpen={() => open(notification)} />}
          </For>
        </ul>
        <Show when={app.notifications.more()}>
          <footer class="notifications__foot">
            <Button
              size="small"
              variant="quiet"
              failure="The older ones were not fetched"
              onPress={app.notifications.fetchMore}
            >
              Older
            </Button>
          </footer>
        </Show>
      </Show>
    </div>
  );
};

export default NotificationPanel;
