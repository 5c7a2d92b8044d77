/** Notifications without a disk: the real book over a document in memory. */
import type { DomainChange, Services } from '../../src/commands/services.ts';
import { createNotificationBook, viewOf } from '../../src/runtime/notifications/book.ts';
import type { NotificationsDocument, Told, Wanted } from '../../src/runtime/notifications/book.ts';
import type { Document } from '../../src/io/store/document.ts';

export interface MemoryNotifications {
  service: Services['notifications'];
  /** What facts of the server's own do. */
  notify(wanted: Wanted): Promise<void>;
}

/** A document that is durable at once. */
export const memoryDocument = <T>(initial: T): Document<T> => {
  let data = initial;
  return {
    get: () => data,
    update: (recipe) => {
      try {
        const draft = structuredClone(data);
        data = (recipe(draft) as T | undefined) ?? draft;
        return Promise.resolve();
      } catch (error) {
        return Promise.reject(error instanceof Error ? error : new Error(String(error)));
      }
    },
    reread: () => Promise.resolve(false),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
};

export const createMemoryNotifications = (publish: (change: DomainChange) => void): MemoryNotifications => {
  const book = createNotificationBook({
    store: memoryDocument<NotificationsDocument>({ notifications: [] }),
    now: () => Date.now(),
  });
  const tell = ({ record, fresh }: Told) => {
    const notification = viewOf(record, null);
    publish({ kind: 'notification', notification, owner: record.owner, fresh });
    return notification;
  };
  return {
    notify: async (wanted) => void tell(await book.add(wanted)),
    service: {
      send: async ({ userId, ...wanted }) =>
        tell(await book.add({ ...wanted, owner: userId === null ? null : `user:${userId}` })),
      list: book.list,
      read: async (reader, ids) => {
        const result = await book.read(reader, ids);
        if (result.read.length > 0) publish({ kind: 'notifications.read', reader, ...result });
        return result;
      },
      webhook: () => ({ url: null, secret: 'whsec_test', delivered: 0, failed: 0, waiting: 0, lastError: null }),
    },
  };
};
