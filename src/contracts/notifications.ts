/** What people are told: facts that matter while nobody looks, and what one program or person sends another. */
import { z } from 'zod';
import { userId } from './users.ts';

export const NOTIFICATION_TYPES = ['info', 'success', 'warning', 'error'] as const;
export type NotificationType = (typeof NOTIFICATION_TYPES)[number];

const LONGEST_DATA = 8192;

/** One notification as it is sent when it comes (seed 003). */
export interface NotificationMessage {
  id: string;
  type: NotificationType;
  title: string;
  message: string;
  /** ISO 8601. */
  timestamp: string;
  data?: Record<string, unknown>;
}

/** One notification as the person sees it who asks. */
export interface NotificationView extends NotificationMessage {
  /** Whose it is; null is everybody who may see the state of the server. */
  userId: string | null;
  /** How often the same was to be said; `timestamp` is that of the last time. */
  count: number;
  read: boolean;
}

export const newNotification = z.object({
  /** Without it, everybody who may see the state of the server is told. */
  userId: userId.nullable().default(null),
  type: z.enum(NOTIFICATION_TYPES).default('info'),
  title: z.string().trim().min(1).max(200),
  message: z.string().trim().min(1).max(2000),
  data: z
    .record(z.string(), z.unknown())
    .refine((data) => JSON.stringify(data).length <= LONGEST_DATA, {
      message: `is longer than ${LONGEST_DATA} characters of JSON`,
    })
    .optional(),
});
export type NewNotification = z.output<typeof newNotification>;

/** How deliveries to the configured address went since the server started. */
export interface WebhookView {
  /** Null when none is configured. */
  url: string | null;
  /** What its receiver checks signatures by, as Standard Webhooks writes it. */
  secret: string;
  delivered: number;
  failed: number;
  /** Under way, or waiting for another attempt. */
  waiting: number;
  lastError: string | null;
}
