/** Rows Z07, Z08, Z10, Z11 and Z13 for questions to a person, with two clients. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer } from '../support/server.ts';
import { connectClient, fence } from '../support/socket-client.ts';
import type { TestClient } from '../support/socket-client.ts';

type Reply = Record<string, unknown> & { success: boolean };
let server: Awaited<ReturnType<typeof startTestServer>>;
let clients: TestClient[];
beforeEach(async () => {
  server = await startTestServer();
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await server.close();
});

const open = async (auth: Record<string, unknown> = {}): Promise<TestClient> => {
  const client = await connectClient(server.url, { auth });
  clients.push(client);
  return client;
};
const call = (client: TestClient, event: string, ...args: unknown[]): Promise<Reply> => client.ack(event, ...args);
const ask = async (client: TestClient, title = 'Pay'): Promise<string> =>
  String((await call(client, 'requestHumanLayer', { title, reason: 'The cart is full.' }))['requestId']);
const settle = (): Promise<void> => fence((message) => server.services.logs.write('info', 'server', message), clients);

describe('Z07 approveHumanLayerRequest', () => {
  it('takes an id alone and says success; a second answer is an error', async () => {
    const client = await open();
    const id = await ask(client);
    expect(await call(client, 'approveHumanLayerRequest', id)).toMatchObject({ success: true });
    const again = await call(client, 'approveHumanLayerRequest', id);
    expect(again).toMatchObject({ success: false, error: expect.stringContaining('already') as string });
    expect(await call(client, 'approveHumanLayerRequest', 'nothing')).toMatchObject({ success: false });
    expect(await call(client, 'approveHumanLayerRequest')).toMatchObject({
      success: false,
      error: 'requestId is required',
    });
  });

  it('rejectHumanLayerRequest takes a reason that whoever asked reads', async () => {
    const client = await open();
    const id = await ask(client);
    expect(await call(client, 'rejectHumanLayerRequest', { requestId: id, reason: 'Too dear.' })).toMatchObject({
      success: true,
      request: { status: 'rejected' },
    });
    const { data } = await client.ack('approvals:wait', { id });
    expect(data).toMatchObject({ approval: { status: 'rejected', why: 'Too dear.' } });
  });
});

it('Z08 getHumanLayerRequests lists those that wait, in the words of the contract', async () => {
  const client = await open();
  const [first, second] = [await ask(client, 'Pay'), await ask(client, 'Ship')];
  await call(client, 'approveHumanLayerRequest', first);
  const reply = await call(client, 'getHumanLayerRequests');
  expect(reply).toMatchObject({ success: true, requests: [{ id: second, title: 'Ship', status: 'pending' }] });
  const [request] = reply['requests'] as { timestamp: number; timeoutAt: number; reason: string }[];
  expect(request).toMatchObject({ reason: 'The cart is full.' });
  expect((request?.timeoutAt ?? 0) - (request?.timestamp ?? 0)).toBe(3_600_000);
});

describe('Z10, Z11: humanLayerRequest goes to the active client alone', () => {
  const heard = (client: TestClient): unknown[] => client.of('humanLayerRequest').map(({ title }) => title);

  it('the newest to connect, then the newest to call', async () => {
    const [first, second] = [await open(), await open()];
    await server.services.approvals.request(wish('to the newest'), outside);
    await second.waitFor('humanLayerRequest');
    await call(first, 'getHumanLayerRequests');
    await server.services.approvals.request(wish('to the caller'), outside);
    await first.waitFor('humanLayerRequest', ({ title }) => title === 'to the caller');
    await settle();
    expect([heard(first), heard(second)]).toEqual([['to the caller'], ['to the newest']]);
  });

  it('a client of another dialect gives the role back with its first call', async () => {
    const first = await open();
    await call(first, 'getHumanLayerRequests');
    const dashboard = await open();
    await dashboard.request('models:list');
    await server.services.approvals.request(wish('Pay'), outside);
    await first.waitFor('humanLayerRequest');
    await settle();
    expect(heard(dashboard)).toEqual([]);
  });

  it('nobody hears it after the active client has left, until somebody connects', async () => {
    const [first, second] = [await open(), await open()];
    await call(first, 'getHumanLayerRequests');
    await call(second, 'getHumanLayerRequests');
    second.close();
    await expect.poll(() => second.socket.connected).toBe(false);
    clients = [first];
    await expect.poll(async () => (await call(first, 'getConnectionInfo'))['connected']).toBe(true);
    await server.services.approvals.request(wish('to nobody'), outside);
    await settle();
    const third = await open();
    await server.services.approvals.request(wish('to the third'), outside);
    await third.waitFor('humanLayerRequest');
    expect([heard(first), heard(third)]).toEqual([[], ['to the third']]);
  });

  it('one user never hears of another’s', async () => {
    const token = async (userId: string): Promise<string> =>
      (await server.services.tokens.create({ userId, email: null, scopes: ['operate'], expiresAt: null }, 'test'))
        .token;
    const ana = await open({ token: await token('ana') });
    const ben = await open({ token: await token('ben') });
    const id = await ask(ana, 'hers');
    await ana.waitFor('humanLayerRequest');
    await settle();
    expect(heard(ben)).toEqual([]);
    expect(ben.of('approvals:updated')).toEqual([]);
    expect(await call(ben, 'approveHumanLayerRequest', id)).toMatchObject({ success: false });
    expect(await call(ben, 'getHumanLayerRequests')).toMatchObject({ requests: [] });
  });
});

it('Z13: success is always there, error exactly when it is false, and no ack function is needed', async () => {
  const [client, witness] = [await open(), await open()];
  const id = await ask(client);
  const replies = [
    await call(client, 'getHumanLayerRequests'),
    await call(client, 'requestHumanLayer', { title: '' }),
    await call(client, 'rejectHumanLayerRequest', 7),
    await call(client, 'approveHumanLayerRequest', null),
  ];
  for (const reply of replies) expect('error' in reply).toBe(!reply.success);
  expect(replies.map(({ success }) => success)).toEqual([true, false, false, false]);
  client.socket.emit('approveHumanLayerRequest', id);
  await witness.waitFor('approvals:updated', ({ approval }) => (approval as { status: string }).status === 'approved');
});

const outside = { owner: 'shared', who: 'a test', by: 'test' };
const wish = (title: string) => ({ title, reason: '', preview: null, session: null, rule: null, timeoutMs: 60_000 });
