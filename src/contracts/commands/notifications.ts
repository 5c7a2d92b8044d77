/** `notifications:*`: what a person was told, and telling them something. */
import { z } from 'zod';
import { newNotification } from '../notifications.ts';
import type { NotificationView, WebhookView } from '../notifications.ts';
import { empty, name, returns } from './define.ts';

export const notificationsCommands = {
  'notifications:send': returns<{ notification: NotificationView }>()(
    'operate',
    newNotification,
    'Tells one user something, or everybody who may see the state of the server.',
  ),
  'notifications:list': returns<{ notifications: NotificationView[]; unread: number; more: boolean }>()(
    'observe',
    z.object({
      limit: z.int().min(1).max(200).default(50),
      /** Only those that came before this one. */
      before: name.optional(),
      unread: z.boolean().default(false),
    }),
    "The caller's own notifications and those for everybody, newest first; `unread` counts all that are not read.",
  ),
  'notifications:read': returns<{ read: string[]; unread: number }>()(
    'observe',
    z
      .object({ id: name.optional(), ids: z.array(name).min(1).max(200).optional(), all: z.literal(true).optional() })
      .refine(({ id, ids, all }) => [id, ids, all].filter((each) => each !== undefined).length === 1, {
        message: 'give `id`, `ids` or `all: true`',
      }),
    'Notes for the caller alone that they have been read.',
  ),
  'notifications:webhook': returns<{ webhook: WebhookView }>()(
    'admin',
    empty,
    'Where notifications are delivered (`webhookUrl` of the configuration), the secret of the signatures, and how it went.',
  ),
} as const;
