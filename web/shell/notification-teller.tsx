import { useNavigate } from '@solidjs/router';
import { onCleanup } from 'solid-js';
import type { JSX } from 'solid-js';
import type { NotificationMessage, NotificationType } from '../../src/contracts/notifications.ts';
import { useApp } from '../state/app.tsx';
import type { Toast } from '../state/toasts.ts';
import { linkOf } from './notification-link.ts';

const TONES: Readonly<Record<NotificationType, Toast['tone']>> = {
  info: 'info',
  success: 'success',
  warning: 'warning',
  error: 'error',
};

/** Tells what comes while the page is open: in its corner, and by the system while nobody looks at the page. */
export const NotificationTeller = (): JSX.Element => {
  const app = useApp();
  const navigate = useNavigate();
  const tell = ({ id, type, title, message, data }: NotificationMessage): void => {
    if (!app.preferences.settings().enableNotifications) return;
    const link = linkOf(data);
    const open = (): void => {
      if (link !== null) navigate(link.href);
    };
    app.desktop.show({ id, title, body: message }, open);
    const modelId = data?.['modelId'];
    // Whoever has just asked for the load is told by its answer.
    if (typeof modelId === 'string' && app.actions.askedFor(modelId)) return;
    app.toasts.show({
      tone: TONES[type],
      title,
      body: message,
      ...(link === null ? {} : { action: { label: link.label, run: open } }),
    });
  };
  onCleanup(app.notifications.onMessage(tell));
  return null;
};
