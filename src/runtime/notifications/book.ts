/** Which notifications there are and who has read them: a bounded history that outlives the server. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { RunOwner } from '../../commands/services.ts';
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
  /** See `ownerOf`; null is everybody who may observe. */
  owner: z.string().nullable(),
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
export type Wanted = Omit<NewNotification, 'userId'> & { owner: RunOwner | null; key?: string };

export interface Told {
  record: Readonly<NotificationRecord>;
  /** False when it only counts up one that was told a short time ago. */
  fresh: boolean;
}

export interface NotificationBook {
  /** Resolves when it is on disk. */
  add(wanted: Wanted): Promise<Told>;
  list(
    reader: RunOwner,
    filter: { limit: number; before?: string | undefined; unread: boolean },
  ): { notifications: NotificationView[]; unread: number; more: boolean };
  /** Resolves when it is on disk, with the ids that were not read before. NOT_FOUND for one that is not the reader's to see. */
  read(reader: RunOwner, ids: readonly string[] | 'all'): Promise<{ read: string[]; unread: number }>;
}

/** The user whose it is; null for everybody's, and for what is a key's or the person's at this machine. */
const userIn = (owner: RunOwner | null): string | null =>
  owner?.startsWith('user:') === true ? owner.slice('user:'.length) : null;

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

export const viewOf = (record: Readonly<NotificationRecord>, reader: RunOwner | null): NotificationView => ({
  ...messageOf(record),
  userId: userIn(record.owner),
  count: record.count,
  read: reader !== null && record.readBy.includes(reader),
});

const isFor = ({ owner }: Readonly<NotificationRecord>, reader: RunOwner): boolean =>
  owner === null || owner === reader;

/** The newest of each audience, and of all. */
const bounded = (records: NotificationRecord[]): NotificationRecord[] => {
  const counts = new Map<string | null, number>();
  return records
    .filter(({ owner }) => {
      const count = (counts.get(owner) ?? 0) + 1;
      counts.set(owner, count);
      return count <= KEPT_EACH;
    })
    .slice(0, KEPT);
};

/** A record of what is to be said now. Pure, so that what the disk refuses can still be told. */
export const recordOf = ({ owner, type, title, message, data, key }: Wanted, at: number): NotificationRecord => ({
  id: randomUUID(),
  type,
  title,
  message,
  at,
  data: data ?? null,
  owner,
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
  const unreadOf = (reader: RunOwner): number =>
    records().filter((record) => isFor(record, reader) && !record.readBy.includes(reader)).length;

  return {
    async add(wanted) {
      const fresh = recordOf(wanted, now());
      let told: Told = { record: fresh, fresh: true };
      await store.update((draft) => {
        const twin = draft.notifications.find(
          ({ key, owner, at }) =>
            fresh.key !== null && key === fresh.key && owner === fresh.owner && fresh.at - at < SAME_MS,
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
      const found = own.slice(from).filter((record) => !unread || !record.readBy.includes(reader));
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
          if ((ids !== 'all' && !ids.includes(record.id)) || record.readBy.includes(reader)) continue;
          record.readBy.push(reader);
          read.push(record.id);
        }
      });
      return { read, unread: unreadOf(reader) };
    },
  };
};
