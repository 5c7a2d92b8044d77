/** What the server had to tell: the newest of it, how much is unread, and what comes while the page is open. */
import { createEffect, createSignal, on, onCleanup, untrack } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { NotificationMessage, NotificationView } from '../../src/contracts/notifications.ts';
import type { Client } from '../net/client.ts';
import type { Live } from './live.ts';
import type { Offers } from './offers.ts';
import { messageOf } from './toasts.ts';

export interface Notifications {
  /** Newest first. */
  list: Accessor<readonly NotificationView[]>;
  unread: Accessor<number>;
  /** There are older ones. */
  more: Accessor<boolean>;
  /** Why they could not be fetched, or null. */
  problem: Accessor<string | null>;
  fetchMore: () => Promise<void>;
  read: (ids: readonly string[]) => Promise<void>;
  readAll: () => Promise<void>;
  /** Hears of each that comes, once. */
  onMessage: (listener: (message: NotificationMessage) => void) => () => void;
}

const PAGE = 30;

export interface Held {
  list: readonly NotificationView[];
  unread: number;
}

/** One that has just come. */
export const withMessage = ({ list, unread }: Held, message: NotificationMessage): Held => ({
  list: [{ ...message, userId: null, count: 1, read: false }, ...list.filter(({ id }) => id !== message.id)],
  unread: list.some(({ id }) => id === message.id) ? unread : unread + 1,
});

/** One that was told before and has been counted up: it is in front again, and unread. */
export const withAgain = ({ list, unread }: Held, again: NotificationView): Held => {
  const before = list.find(({ id }) => id === again.id);
  return {
    list: [{ ...again, read: false }, ...list.filter(({ id }) => id !== again.id)],
    unread: before?.read === true ? unread + 1 : unread,
  };
};

export const withRead = ({ list }: Held, ids: readonly string[], unread: number): Held => ({
  list: list.map((each) => (ids.includes(each.id) ? { ...each, read: true } : each)),
  unread,
});

export const createNotifications = (
  client: Client,
  live: Pick<Live, 'connection'>,
  offers: Pick<Offers, 'has'>,
): Notifications => {
  const [held, setHeld] = createSignal<Held>({ list: [], unread: 0 });
  const [more, setMore] = createSignal(false);
  const [problem, setProblem] = createSignal<string | null>(null);
  const listeners = new Set<(message: NotificationMessage) => void>();

  const fetchNewest = async (): Promise<void> => {
    try {
      const { notifications, unread, more: older } = await client.request('notifications:list', { limit: PAGE });
      setHeld({ list: notifications, unread });
      setMore(older);
      setProblem(null);
    } catch (error) {
      // A connection that ended meanwhile is told by the connection itself; the next one fetches again.
      if (live.connection().connected) setProblem(messageOf(error));
    }
  };
  const take = (ids: readonly string[], unread: number): void => {
    setHeld((now) => withRead(now, ids, unread));
  };

  createEffect(
    on(
      () => live.connection().phase === 'live' && offers.has('notifications:list'),
      (ready) => {
        if (ready) void fetchNewest();
      },
    ),
  );
  const ends = [
    client.onDirect('notification', (message) => {
      setHeld((now) => withMessage(now, message));
      for (const listener of listeners) listener(message);
    }),
    client.on('notifications:updated', ({ notification, read, unread }) => {
      if (notification !== null) {
        const known = untrack(held).list.some(({ id }) => id === notification.id);
        setHeld((now) => withAgain(now, notification));
        // Whether it had been read only the server knows.
        if (!known) void fetchNewest();
      }
      if (unread !== null) take(read, unread);
    }),
  ];
  onCleanup(() => {
    for (const end of ends) end();
  });

  return {
    list: () => held().list,
    unread: () => held().unread,
    more,
    problem,
    fetchMore: async () => {
      const last = held().list.at(-1);
      if (last === undefined) return fetchNewest();
      const page = await client.request('notifications:list', { limit: PAGE, before: last.id });
      setHeld((now) => ({ ...now, list: [...now.list, ...page.notifications] }));
      setMore(page.more);
    },
    read: async (ids) => {
      if (ids.length === 0) return;
      const { read, unread } = await client.request('notifications:read', { ids: [...ids] });
      take(read, unread);
    },
    readAll: async () => {
      const { read, unread } = await client.request('notifications:read', { all: true });
      take(read, unread);
    },
    onMessage: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};
