/** Row S21 and the producers of notifications: who is told what, who is not, and what each has read. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer } from '../support/server.ts';
import { connectClient } from '../support/socket-client.ts';
import type { TestClient } from '../support/socket-client.ts';

let server: Awaited<ReturnType<typeof startTestServer>>;
let clients: TestClient[];
let ana: TestClient;
let bo: TestClient;
let nobody: TestClient;

const join = async (userId: string | null, namespace = '/notifications', scopes = ['operate' as const]) => {
  const { tokens } = server.services.control;
  const token =
    userId === null ? undefined : (await tokens.sign({ userId, scopes, email: null, expiresAt: null })).token;
  const client = await connectClient(server.url, { namespace, ...(token === undefined ? {} : { auth: { token } }) });
  clients.push(client);
  return client;
};
/** What had been sent to these before would have come before these answers. */
const settle = (...all: TestClient[]) => Promise.all(all.map((client) => client.ack('ping')));
const titles = (client: TestClient): unknown[] => client.of('notification').map(({ title }) => title);
const listed = async (client: TestClient, filter: object = {}) => {
  const { data } = (await client.ack('notifications:list', filter)) as { data?: unknown };
  return data as { notifications: Record<string, unknown>[]; unread: number; more: boolean };
};
const send = (client: TestClient, over: object) =>
  client.ack('notifications:send', { type: 'info', title: 'Tea', message: 'It is ready.', ...over });

beforeEach(async () => {
  server = await startTestServer();
  clients = [];
  [ana, bo, nobody] = [await join('ana'), await join('bo'), await join(null)];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await server.close();
});

describe('S21 notification', () => {
  it('reaches its user on every socket of theirs, and nobody else', async () => {
    const second = await join('ana', '/');
    const reply = await send(bo, { userId: 'ana', type: 'success', data: { cups: 2 } });
    expect(reply).toMatchObject({
      success: true,
      data: { notification: { title: 'Tea', userId: 'ana', read: false } },
    });
    for (const client of [ana, second])
      expect(await client.waitFor('notification')).toEqual({
        id: expect.stringMatching(/\S/) as string,
        type: 'success',
        title: 'Tea',
        message: 'It is ready.',
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        data: { cups: 2 },
      });
    await settle(bo, nobody);
    expect([...titles(bo), ...titles(nobody)]).toEqual([]);
    expect((await listed(bo)).notifications).toEqual([]);
    expect((await listed(nobody)).notifications).toEqual([]);
    expect((await listed(ana)).notifications).toMatchObject([{ title: 'Tea', read: false, count: 1 }]);
  });

  it('without a user reaches everybody who may observe', async () => {
    const infer = await join('inf', '/notifications', ['infer' as never]);
    await send(bo, {});
    for (const client of [ana, bo, nobody]) await client.waitFor('notification');
    await settle(infer);
    expect(titles(infer)).toEqual([]);
    expect(await infer.ack('notifications:list')).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('a user who logs out hears theirs no more', async () => {
    await ana.ack('logout');
    await send(bo, { userId: 'ana' });
    await settle(ana);
    expect(titles(ana)).toEqual([]);
    expect((await listed(ana)).notifications).toEqual([]);
  });

  it('needs the scope operate to be sent', async () => {
    const eye = await join('eye', '/', ['observe' as never]);
    expect(await send(eye, {})).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('said again a short time later is counted and disturbs nobody', async () => {
    const again = { owner: null, type: 'warning' as const, title: 'alpha crashed', message: 'Again.', key: 'alpha' };
    for (let n = 0; n < 3; n++) await server.services.control.notify(again);
    await nobody.waitFor(
      'notifications:updated',
      ({ data }) => (data as { notification: { count: number } }).notification.count === 3,
    );
    expect(titles(nobody)).toEqual(['alpha crashed']);
    expect((await listed(nobody)).notifications).toMatchObject([{ title: 'alpha crashed', count: 3 }]);
  });
});

describe('reading', () => {
  it('is each reader’s own, and told to the reader’s other sockets alone', async () => {
    const other = await join('ana', '/');
    await send(bo, {});
    await send(bo, { userId: 'ana', title: 'Cake' });
    const [cake, tea] = (await listed(ana)).notifications;
    expect(await listed(ana)).toMatchObject({ unread: 2, more: false });
    expect(await ana.ack('notifications:read', { id: cake?.['id'] })).toMatchObject({
      data: { read: [cake?.['id']], unread: 1 },
    });
    await other.waitFor('notifications:updated', ({ data }) =>
      JSON.stringify((data as { read: unknown }).read).includes(String(cake?.['id'])),
    );
    expect(await listed(ana, { unread: true })).toMatchObject({ notifications: [{ id: tea?.['id'] }], unread: 1 });
    expect(await ana.ack('notifications:read', { all: true })).toMatchObject({
      data: { read: [tea?.['id']], unread: 0 },
    });
    expect(await ana.ack('notifications:read', { all: true })).toMatchObject({ data: { read: [], unread: 0 } });
    expect(await listed(bo)).toMatchObject({ unread: 1 });
    expect(await listed(nobody)).toMatchObject({ unread: 1 });
    await settle(bo, nobody);
    for (const client of [bo, nobody]) expect(client.of('notifications:updated')).toEqual([]);
  });

  it('of another’s is refused, and changes nothing', async () => {
    await send(bo, { userId: 'ana' });
    const [{ id } = { id: '' }] = (await listed(ana)).notifications;
    for (const client of [bo, nobody])
      expect(await client.ack('notifications:read', { id })).toMatchObject({ success: false, code: 'NOT_FOUND' });
    expect(await listed(ana)).toMatchObject({ unread: 1 });
  });

  it('goes back page by page', async () => {
    for (let n = 0; n < 5; n++) await send(bo, { userId: 'ana', title: `n${n}` });
    const first = await listed(ana, { limit: 2 });
    expect(first).toMatchObject({ notifications: [{ title: 'n4' }, { title: 'n3' }], unread: 5, more: true });
    const rest = await listed(ana, { limit: 3, before: first.notifications[1]?.['id'] });
    expect(rest).toMatchObject({ notifications: [{ title: 'n2' }, { title: 'n1' }, { title: 'n0' }], more: false });
  });
});
