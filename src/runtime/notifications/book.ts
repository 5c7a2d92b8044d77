/** Which notifications there are and who has read them: a bounded history that outlives the server. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Reader } from '../../commands/users.ts';
import { CodedError } from '../../contracts/errors.ts';
import { NOTIFICATION_TYPES } from '../../contracts/notifications.ts';
import type { NewNotification, NotificationMessage, NotificationView } from '../../contracts/notifications.ts';
import type { Document } from '../../io/store/document.ts';

/** For everybody together, and for each user. */
const KEPT_EACH = 200;
const KEPT = 2000;
/** The same thing said again within this time, counted from the last time, is the same notification. */
const SAME_MS = 10 * 60_000;

const NotificationRecord = z.object({
  id: z.string().min(1),
  type: z.enum(NOTIFICATION_TYPES),
  title: z.string(),
  message: z.string(),
  /** Epoch ms. */
  at: z.number(),
  data: z.record(z.string(), z.unknown()).nullable(),
  userId: z.string().nullable(),
  /** What makes two of them the same; null when each is its own. */
  key: z.string().nullable(),
  count: z.int(),
  /** Readers by id. */
  readBy: z.array(z.string()),
});
type NotificationRecord = z.infer<typeof NotificationRecord>;

/** Newest first. */
export const NotificationsDocument = z.object({ notifications: z.array(NotificationRecord).default([]) });
export type NotificationsDocument = z.infer<typeof NotificationsDocument>;

/** What is to be said; `key` makes it the same as an earlier one with the same key and the same audience. */
export type Wanted = NewNotification & { key?: string };

export interface Told {
  record: Readonly<NotificationRecord>;
  /** False when it only counts up one that was told a short time ago. */
  fresh: boolean;
}

export interface NotificationBook {
  /** Resolves when it is on disk. */
  add(wanted: Wanted): Promise<Told>;
  list(
    reader: Reader,
    filter: { limit: number; before?: string | undefined; unread: boolean },
  ): { notifications: NotificationView[]; unread: number; more: boolean };
  /** Resolves when it is on disk, with the ids that were not read before. NOT_FOUND for one that is not the reader's to see. */
  read(reader: Reader, ids: readonly string[] | 'all'): Promise<{ read: string[]; unread: number }>;
}

export const messageOf = ({
  id,
  type,
  title,
  message,
  at,
  data,
}: Readonly<NotificationRecord>): NotificationMessage => ({
  id,
  type,
  title,
  message,
  timestamp: new Date(at).toISOString(),
  ...(data === null ? {} : { data: { ...data } }),
});

export const viewOf = (record: Readonly<NotificationRecord>, reader: Reader | null): NotificationView => ({
  ...messageOf(record),
  userId: record.userId,
  count: record.count,
  read: reader !== null && record.readBy.includes(reader.id),
});

const isFor = ({ userId }: Readonly<NotificationRecord>, reader: Reader): boolean =>
  userId === null || userId === reader.userId;

/** The newest of each audience, and of all. */
const bounded = (records: NotificationRecord[]): NotificationRecord[] => {
  const counts = new Map<string | null, number>();
  return records
    .filter(({ userId }) => {
      const count = (counts.get(userId) ?? 0) + 1;
      counts.set(userId, count);
      return count <= KEPT_EACH;
    })
    .slice(0, KEPT);
};

/** A record of what is to be said now. Pure, so that what the disk refuses can still be told. */
export const recordOf = ({ userId, type, title, message, data, key }: Wanted, at: number): NotificationRecord => ({
  id: randomUUID(),
  type,
  title,
  message,
  at,
  data: data ?? null,
  userId,
  key: key ?? null,
  count: 1,
  readBy: [],
});

export const createNotificationBook = ({
  store,
  now,
}: {
  store: Document<NotificationsDocument>;
  now(): number;
}): NotificationBook => {
  const records = (): readonly NotificationRecord[] => store.get().notifications;
  const unreadOf = (reader: Reader): number =>
    records().filter((record) => isFor(record, reader) && !record.readBy.includes(reader.id)).length;

  return {
    async add(wanted) {
      const fresh = recordOf(wanted, now());
      let told: Told = { record: fresh, fresh: true };
      await store.update((draft) => {
        const twin = draft.notifications.find(
          ({ key, userId, at }) =>
            fresh.key !== null && key === fresh.key && userId === fresh.userId && fresh.at - at < SAME_MS,
        );
        if (twin === undefined) {
          draft.notifications = bounded([fresh, ...draft.notifications]);
          return;
        }
        const again = { ...fresh, id: twin.id, count: twin.count + 1 };
        draft.notifications = [again, ...draft.notifications.filter((each) => each !== twin)];
        told = { record: structuredClone(again), fresh: false };
      });
      return told;
    },
    list(reader, { limit, before, unread }) {
      const own = records().filter((record) => isFor(record, reader));
      const from = before === undefined ? 0 : own.findIndex(({ id }) => id === before) + 1;
      if (before !== undefined && from === 0)
        throw new CodedError('NOT_FOUND', `There is no notification ${before} for you any more.`);
      const found = own.slice(from).filter((record) => !unread || !record.readBy.includes(reader.id));
      return {
        notifications: found.slice(0, limit).map((record) => viewOf(record, reader)),
        unread: unreadOf(reader),
        more: found.length > limit,
      };
    },
    async read(reader, ids) {
      const read: string[] = [];
      await store.update((draft) => {
        const own = draft.notifications.filter((record) => isFor(record, reader));
        const missing = ids === 'all' ? undefined : ids.find((id) => own.every((record) => record.id !== id));
        if (missing !== undefined)
          throw new CodedError('NOT_FOUND', `There is no notification ${missing.slice(0, 64)} for you.`);
        for (const record of own) {
          if ((ids !== 'all' && !ids.includes(record.id)) || record.readBy.includes(reader.id)) continue;
          record.readBy.push(reader.id);
          read.push(record.id);
        }
      });
      return { read, unread: unreadOf(reader) };
    },
  };
};
