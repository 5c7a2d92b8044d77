/** What becomes of the list and the count of what is unread. */
import { describe, expect, it } from 'vitest';
import type { NotificationView } from '../../src/contracts/notifications.ts';
import { linkOf } from '../../web/shell/notification-link.ts';
import { withAgain, withMessage, withRead } from '../../web/state/notifications.ts';
import type { Held } from '../../web/state/notifications.ts';

const view = (id: string, over: Partial<NotificationView> = {}): NotificationView => ({
  id,
  type: 'info',
  title: id,
  message: 'It ended.',
  timestamp: '2030-01-01T00:00:00.000Z',
  userId: null,
  count: 1,
  read: false,
  ...over,
});
const shown = ({ list, unread }: Held): string =>
  `${list.map(({ id, read, count }) => `${id}${read ? '' : '!'}${count > 1 ? String(count) : ''}`).join(' ')} (${String(unread)})`;
const held: Held = { list: [view('b'), view('a', { read: true })], unread: 1 };

describe('the list', () => {
  it('gets what comes in front, once', () => {
    const { userId: _userId, count: _count, read: _read, ...message } = view('c');
    const once = withMessage(held, message);
    expect(shown(once)).toBe('c! b! a (2)');
    expect(shown(withMessage(once, message))).toBe('c! b! a (2)');
  });

  it('has what is told again in front and unread, counted as unread once', () => {
    expect(shown(withAgain(held, view('a', { count: 2, read: true })))).toBe('a!2 b! (2)');
    expect(shown(withAgain(held, view('b', { count: 3 })))).toBe('b!3 a (1)');
    // One that this page never had is part of the server's count already.
    expect(shown(withAgain(held, view('old', { count: 9 })))).toBe('old!9 b! a (1)');
  });

  it('takes over what was read, here or elsewhere', () => {
    expect(shown(withRead(held, ['b'], 0))).toBe('b a (0)');
    expect(shown(withRead(held, ['gone'], 5))).toBe('b! a (5)');
  });
});

it('leads to what a notification is about', () => {
  expect(linkOf({ modelId: 'a b' })).toEqual({ label: 'Show', href: '/models?model=a%20b' });
  expect(linkOf({ downloadId: 'd1', modelId: 'a b' })).toEqual({ label: 'Chat with it', href: '/chat?model=a%20b' });
  expect(linkOf({ downloadId: 'd1', modelId: null })).toEqual({ label: 'Show', href: '/models' });
  expect(linkOf({ disk: 92 })).toBeNull();
  expect(linkOf(undefined)).toBeNull();
});
