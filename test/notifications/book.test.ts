/** Notifications are kept within bounds, and survive. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDocument } from '../../src/io/store/document.ts';
import { createNotificationBook, NotificationsDocument } from '../../src/runtime/notifications/book.ts';
import type { Wanted } from '../../src/runtime/notifications/book.ts';
import { memoryDocument } from '../support/memory-notifications.ts';

const ana = 'user:ana';
const local = 'local';
const wanted = (over: Partial<Wanted> = {}): Wanted => ({
  owner: null,
  type: 'info',
  title: 'Tea',
  message: 'Ready.',
  ...over,
});
const all = { limit: 200, unread: false };

let time = 0;
const inMemory = () =>
  createNotificationBook({ store: memoryDocument<NotificationsDocument>({ notifications: [] }), now: () => time });

describe('bounds', () => {
  it('each audience keeps its newest 200, so that one user’s flood takes nothing from the others', async () => {
    const book = inMemory();
    await book.add(wanted({ title: 'for all' }));
    for (let n = 0; n < 250; n++) await book.add(wanted({ owner: ana, title: `n${n}` }));
    const { notifications } = book.list(ana, all);
    expect(notifications).toHaveLength(200);
    expect(notifications[0]?.title).toBe('n249');
    expect(book.list(ana, { ...all, before: notifications.at(-1)?.id }).notifications).toMatchObject([
      { title: 'for all' },
    ]);
    expect(book.list(local, all).notifications).toMatchObject([{ title: 'for all' }]);
  });
});

describe('the same again', () => {
  it('counts up, moves to the front and is unread again; after ten quiet minutes it is another', async () => {
    const book = inMemory();
    time = 1_000_000;
    const { record } = await book.add(wanted({ key: 'k' }));
    await book.add(wanted({ title: 'other' }));
    await book.read(local, 'all');
    time += 599_999;
    expect(await book.add(wanted({ key: 'k', message: 'Still.' }))).toMatchObject({ fresh: false });
    expect(book.list(local, all).notifications).toMatchObject([
      { id: record.id, count: 2, message: 'Still.', read: false },
      { title: 'other', read: true },
    ]);
    time += 600_000;
    expect(await book.add(wanted({ key: 'k' }))).toMatchObject({ fresh: true, record: { count: 1 } });
    expect(book.list(local, all).notifications).toHaveLength(3);
  });

  it('for another audience is another, and without a key each is its own', async () => {
    const book = inMemory();
    await book.add(wanted({ key: 'k' }));
    expect(await book.add(wanted({ key: 'k', owner: ana }))).toMatchObject({ fresh: true });
    await book.add(wanted());
    expect(await book.add(wanted())).toMatchObject({ fresh: true });
  });
});

describe('on disk', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'llamactor-notifications-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is there, with who has read it, as soon as it is acknowledged', async () => {
    const open = () =>
      openDocument<NotificationsDocument>({
        path: path.join(folder, 'notifications.json'),
        schema: NotificationsDocument,
        version: 1,
        defaults: () => ({ notifications: [] }),
        onDamaged: ({ message }) => expect.fail(message),
      });
    const book = createNotificationBook({ store: await open(), now: Date.now });
    const { record } = await book.add(wanted({ data: { cups: 2, nested: { a: [1, null] } } }));
    await book.read(ana, [record.id]);
    expect(await readFile(path.join(folder, 'notifications.json'), 'utf8')).toContain('user:ana');
    const later = createNotificationBook({ store: await open(), now: Date.now });
    expect(later.list(ana, all)).toMatchObject({
      notifications: [{ id: record.id, data: { cups: 2, nested: { a: [1, null] } }, read: true }],
      unread: 0,
    });
    expect(later.list(local, all)).toMatchObject({ unread: 1 });
  });
});
