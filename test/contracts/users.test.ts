/** Rows S01–S07, S13–S20, S29 and S30: who a connection is, its rooms, and that nobody hears what is another's. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTestServer } from '../support/server.ts';
import { connectClient } from '../support/socket-client.ts';
import type { ConnectOptions, TestClient } from '../support/socket-client.ts';

let server: Awaited<ReturnType<typeof startTestServer>>;
let clients: TestClient[];
/** Two users and somebody who is nobody in particular. */
let ana: TestClient;
let bo: TestClient;
let nobody: TestClient;

interface Claims {
  scopes?: ('infer' | 'observe' | 'operate' | 'admin')[];
  email?: string;
  expiresAt?: number;
}
const tokenOf = async (userId: string, { scopes = ['operate'], email, expiresAt }: Claims = {}): Promise<string> =>
  (
    await server.services.control.tokens.sign({
      userId,
      scopes,
      email: email ?? null,
      expiresAt: expiresAt ?? null,
    })
  ).token;
const join = async (options: ConnectOptions = {}): Promise<TestClient> => {
  const client = await connectClient(server.url, options);
  clients.push(client);
  return client;
};
const joinAs = async (userId: string, claims: Claims = {}, options: ConnectOptions = {}): Promise<TestClient> =>
  join({ ...options, auth: { token: await tokenOf(userId, claims) } });
const events = (client: TestClient): string[] => client.received.map(({ event }) => event);
/** Whatever had been sent to these before would have come before these answers. */
const settle = (...all: TestClient[]) => Promise.all(all.map((client) => client.ack('ping')));
const info = (client: TestClient) => client.ack('getConnectionInfo') as Promise<unknown>;

beforeEach(async () => {
  server = await startTestServer();
  clients = [];
  [ana, bo, nobody] = [await joinAs('ana', { email: 'ana@example.org' }), await joinAs('bo'), await join()];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await server.close();
});

describe('greetings', () => {
  it('S13 S30 welcome comes first, then the others in their order, on every namespace and path', async () => {
    for (const options of [
      {},
      { path: '/llamaproxws' },
      { namespace: '/llamaproxws' },
      { namespace: '/media' },
      { namespace: '/notifications' },
    ]) {
      const client = await joinAs('ana', { email: 'ana@example.org' }, options);
      await client.waitFor('authenticated');
      expect(events(client).slice(0, 4)).toEqual([
        'welcome',
        'connection:established',
        'connection_established',
        'authenticated',
      ]);
      const [welcome] = client.of('welcome');
      expect(welcome).toEqual({
        message: expect.stringMatching(/\S/) as string,
        socketId: client.socket.id,
        serverTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      });
      expect(client.of('connection_established')).toEqual([
        { message: 'Connected to Eliza Socket.IO server', socketId: client.socket.id },
      ]);
    }
    await settle(nobody);
    expect(events(nobody)).not.toContain('authenticated');
    expect(events(nobody)).not.toContain('authError');
  });

  it('S14 authenticated tells who it is, to that socket only', async () => {
    await settle(ana, bo);
    expect(ana.of('authenticated')).toEqual([
      { userId: 'ana', email: 'ana@example.org', authenticatedAt: expect.stringMatching(/Z$/) as string },
    ]);
    expect(bo.of('authenticated')).toEqual([{ userId: 'bo', authenticatedAt: expect.any(String) as string }]);
  });

  it.each([
    ['text', 'nonsense'],
    ['another secret', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ.0000000000000000000000000000000000000000000'],
    ['no signature', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEifQ.'],
  ])(
    'S15 S30 a bad token in the handshake (%s) is an authError, and the socket stays as nobody’s',
    async (_what, token) => {
      const client = await join({ auth: { token } });
      expect(await client.waitFor('authError')).toEqual({ message: expect.stringContaining('token') as string });
      expect(events(client).indexOf('authError')).toBe(3);
      expect(await info(client)).toMatchObject({ connected: true, authenticated: false });
      expect(await client.ack('models:list')).toMatchObject({ success: true });
    },
  );
});

describe('S01 authenticate', () => {
  it('makes the socket the user’s, and nobody else’s', async () => {
    expect(await nobody.ack('authenticate', { token: await tokenOf('cleo') })).toEqual({
      success: true,
      userId: 'cleo',
    });
    expect(nobody.of('authenticated')).toMatchObject([{ userId: 'cleo' }]);
    expect(await info(nobody)).toMatchObject({
      authenticated: true,
      userId: 'cleo',
      rooms: [nobody.socket.id, 'user:cleo'],
    });
    await settle(ana, bo);
    expect(ana.of('authenticated')).toHaveLength(1);
    expect(bo.of('authenticated')).toHaveLength(1);
  });

  it('takes the place of the user before', async () => {
    await ana.ack('authenticate', { token: await tokenOf('cleo') });
    expect(await info(ana)).toMatchObject({ userId: 'cleo', rooms: [ana.socket.id, 'user:cleo'] });
  });

  it.each([
    ['none', undefined, 'Token is required'],
    ['an empty one', { token: '' }, 'Token is required'],
    ['a number', { token: 7 }, 'Token is required'],
    ['nonsense', { token: 'nonsense' }, 'signature'],
  ])('with %s is refused twice, by answer and by authError, and changes nothing', async (_what, payload, words) => {
    ana.forget();
    const args = payload === undefined ? [] : [payload];
    expect(await ana.ack('authenticate', ...args)).toMatchObject({
      success: false,
      error: expect.stringContaining(words) as string,
    });
    expect(ana.of('authError')).toEqual([{ message: expect.stringContaining(words) as string }]);
    expect(await info(ana)).toMatchObject({ connected: true, authenticated: true, userId: 'ana' });
  });

  it('an expired token says when it ended, by event and in the handshake', async () => {
    const token = await tokenOf('cleo', { expiresAt: Date.now() + 5000 });
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 6000);
    const words = { error: expect.stringMatching(/expired at \d{4}-/) as string };
    expect(await nobody.ack('authenticate', { token })).toMatchObject({ success: false, ...words });
    const late = await join({ auth: { token } });
    expect(await late.waitFor('authError')).toEqual({ message: words.error });
    expect(await info(late)).toMatchObject({ authenticated: false });
  });

  it('without an ack function is told by the events alone', async () => {
    nobody.socket.emit('authenticate', { token: await tokenOf('cleo') });
    await nobody.waitFor('authenticated', ({ userId }) => userId === 'cleo');
    nobody.socket.emit('authenticate', {});
    await nobody.waitFor('authError', ({ message }) => message === 'Token is required');
  });

  it('in an envelope is answered in one', async () => {
    expect(await nobody.request('authenticate', { token: await tokenOf('cleo') })).toMatchObject({
      success: true,
      data: { userId: 'cleo' },
    });
    expect(await nobody.request('authenticate', {})).toMatchObject({
      success: false,
      error: { code: 'AUTHENTICATE_FAILED', reason: 'INVALID_PAYLOAD', message: 'Token is required' },
    });
  });
});

describe('S02 S16 logout', () => {
  it('leaves the user’s rooms and tells that socket', async () => {
    const other = await joinAs('ana');
    await ana.ack('joinRoom', 'claude:ana');
    await ana.ack('joinRoom', 'plan');
    expect(await ana.ack('logout')).toEqual({ success: true });
    expect(ana.of('loggedOut')).toEqual([{ message: expect.stringMatching(/\S/) as string }]);
    expect(await info(ana)).toMatchObject({ connected: true, authenticated: false, rooms: [ana.socket.id, 'plan'] });
    await settle(other, bo);
    expect(other.of('loggedOut')).toEqual([]);
    expect(await info(other)).toMatchObject({ authenticated: true });
  });

  it('wins over an authenticate that was sent before it', async () => {
    const token = await tokenOf('cleo');
    const [late, out] = await Promise.all([nobody.ack('authenticate', { token }), nobody.ack('logout')]);
    expect(out).toEqual({ success: true });
    expect(late).toMatchObject({ success: false });
    expect(await info(nobody)).toMatchObject({ authenticated: false });
  });
});

describe('S03 S04 S17 S18 S29 rooms', () => {
  it('are joined and left by name, with an answer and an event', async () => {
    expect(await ana.ack('joinRoom', 'project-123')).toEqual({ success: true, room: 'project-123' });
    expect(ana.of('roomJoined')).toEqual([{ room: 'project-123', success: true }]);
    expect(await info(ana)).toMatchObject({ rooms: [ana.socket.id, 'user:ana', 'project-123'] });
    expect(await ana.ack('leaveRoom', 'project-123')).toEqual({ success: true, room: 'project-123' });
    expect(ana.of('roomLeft')).toEqual([{ room: 'project-123', success: true }]);
    expect(await info(ana)).toMatchObject({ rooms: [ana.socket.id, 'user:ana'] });
    await settle(bo);
    expect(bo.of('roomJoined')).toEqual([]);
  });

  it.each([[''], ['   '], [undefined], [null], [7], [{}], ['x'.repeat(300)]])('%j is no name', async (name) => {
    for (const event of ['joinRoom', 'leaveRoom'])
      expect(await ana.ack(event, name)).toMatchObject({
        success: false,
        error: expect.stringMatching(/^Room name/) as string,
      });
  });

  it('another’s are refused to users and to nobody', async () => {
    for (const client of [bo, nobody])
      for (const room of ['user:ana', 'claude:ana'])
        expect(await client.ack('joinRoom', room)).toMatchObject({ success: false, code: 'FORBIDDEN' });
    expect(await ana.ack('joinRoom', 'user:ana')).toMatchObject({ success: true });
    expect(await ana.ack('joinRoom', 'claude:ana')).toMatchObject({ success: true });
  });

  it('the names of this server’s own rooms, and ids of sockets, let nobody hear anything', async () => {
    const infer = await joinAs('eve', { scopes: ['observe'] });
    for (const room of ['@may:admin', '@may:observe', '@live', '@metrics:common', ana.socket.id ?? ''])
      await infer.ack('joinRoom', room);
    ana.forget();
    infer.forget();
    await nobody.ack('keys:create', { name: 'k' });
    await ana.ack('ping');
    await settle(infer, ana);
    expect(events(infer)).not.toContain('keys:updated');
    expect(infer.of('pong')).toHaveLength(1);
  });

  it('a member tells the other members, and only a member can', async () => {
    for (const client of [ana, bo]) await client.ack('joinRoom', 'plan');
    expect(await ana.ack('project:update', { room: 'plan', step: 3, by: 'ana' })).toMatchObject({
      success: true,
      data: { room: 'plan' },
    });
    expect(await bo.waitFor('projectUpdate')).toEqual({ room: 'plan', step: 3, by: 'ana' });
    expect(await nobody.ack('project:update', { room: 'plan', step: 4 })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await nobody.ack('project:update', {})).toMatchObject({ code: 'INVALID_PAYLOAD' });
    await ana.request('project:update', { room: 'plan', step: 5 });
    await ana.waitFor('projectUpdate', ({ step }) => step === 5);
    await bo.ack('leaveRoom', 'plan');
    await ana.request('project:update', { room: 'plan', step: 6 });
    await ana.waitFor('projectUpdate', ({ step }) => step === 6);
    await settle(bo, nobody);
    expect(bo.of('projectUpdate').map(({ step }) => step)).toEqual([3, 5]);
    expect(nobody.of('projectUpdate')).toEqual([]);
    // Style A keeps it from the caller, as every broadcast.
    expect(ana.of('projectUpdate').map(({ step }) => step)).toEqual([5, 6]);
  });

  it('a connection can be in a hundred', async () => {
    for (let n = 0; n < 98; n++) await ana.ack('joinRoom', `room-${n}`);
    expect(await ana.ack('joinRoom', 'one')).toMatchObject({ success: true });
    expect(await ana.ack('joinRoom', 'two')).toMatchObject({ success: false, code: 'INVALID_STATE' });
    expect(await ana.ack('joinRoom', 'one')).toMatchObject({ success: true });
  });
});

describe('the connection', () => {
  it('S05 getConnectionInfo', async () => {
    expect(await info(nobody)).toEqual({
      success: true,
      socketId: nobody.socket.id,
      connected: true,
      rooms: [nobody.socket.id],
      authenticated: false,
      connectedAt: expect.stringMatching(/Z$/) as string,
    });
  });

  it('S06 S19 ping is answered and sends pong, with an ack function or without', async () => {
    const before = Date.now();
    const { timestamp } = (await nobody.ack('ping')) as unknown as { timestamp: number };
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(nobody.of('pong')).toEqual([{ timestamp }]);
    ana.socket.emit('ping');
    await ana.waitFor('pong');
    await settle(bo);
    expect(bo.of('pong')).toHaveLength(1);
  });

  it('S07 S20 heartbeat measures how long the way took, if it is told when it was sent', async () => {
    const reply = (await nobody.ack('heartbeat', { timestamp: Date.now() - 20 })) as unknown as Record<string, unknown>;
    expect(reply).toEqual({
      success: true,
      timestamp: expect.any(Number) as number,
      serverTime: expect.stringMatching(/Z$/) as string,
      latency: expect.any(Number) as number,
    });
    expect(reply['latency']).toBeGreaterThanOrEqual(20);
    const { success: _success, ...fields } = reply;
    expect(nobody.of('heartbeatAck')).toEqual([fields]);
    for (const payload of [{}, null, { timestamp: 'x' }, 'text'])
      expect(await nobody.ack('heartbeat', payload)).toMatchObject({ latency: null });
  });
});

describe('a token that ends while its socket is connected', () => {
  it('is noticed: authError, the user’s rooms left, the connection kept', async () => {
    const client = await joinAs('cleo', { expiresAt: Date.now() + 2000 });
    await client.waitFor('authenticated');
    expect(await client.waitFor('authError')).toEqual({ message: expect.stringContaining('expired') as string });
    expect(await info(client)).toMatchObject({ connected: true, authenticated: false, rooms: [client.socket.id] });
    expect(await client.ack('authenticate', { token: await tokenOf('cleo') })).toMatchObject({ success: true });
  });
});

describe('scopes of tokens', () => {
  it('limit what may be done, and what is heard, until the user logs out', async () => {
    const eye = await joinAs('eye', { scopes: ['observe'] });
    expect(await eye.ack('models:list')).toMatchObject({ success: true });
    expect(await eye.ack('logs:clear')).toMatchObject({ success: false, code: 'FORBIDDEN' });
    expect(await eye.ack('logout')).toMatchObject({ success: true });
    expect(await eye.ack('logs:clear')).toMatchObject({ success: true });
    const infer = await joinAs('inf', { scopes: ['infer'] });
    expect(await infer.ack('joinRoom', 'plan')).toMatchObject({ success: false, code: 'FORBIDDEN' });
    await nobody.ack('settings:update', { settings: { compactMode: true } });
    await settle(infer);
    expect(events(infer)).not.toContain('settings:updated');
  });

  it('where a key is needed, a token lets its user in, over sockets and HTTP, and no further than its scopes', async () => {
    const admin = await tokenOf('root', { scopes: ['admin'] });
    const operator = await tokenOf('op');
    server.services.control.keys.require(true);
    await nobody.waitFor('authError');
    expect(ana.socket.connected).toBe(true);
    const client = await join({ auth: { token: operator } });
    expect(await client.ack('models:list')).toMatchObject({ success: true });
    for (const command of ['live:subscribe', 'activity:subscribe', 'inspector:subscribe'])
      expect(await client.ack(command)).toMatchObject({ success: true });
    expect(await client.ack('metrics:subscribe', { interval: 1000 })).toMatchObject({ success: true });
    expect(await client.ack('keys:list')).toMatchObject({ code: 'FORBIDDEN' });
    for (const [token, status] of [
      [admin, 200],
      [operator, 403],
      ['nonsense', 401],
    ] as const) {
      const reply = await fetch(`${server.url}/api/commands/keys:list`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      });
      expect(reply.status).toBe(status);
    }
    await expect(join({ auth: { token: 'nonsense' } })).rejects.toMatchObject({
      data: { code: 'UNAUTHORIZED', message: expect.stringMatching(/token.*key/) as string },
    });
    expect(await client.ack('logout')).toEqual({ success: true });
    expect(await client.ack('models:list')).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(await client.ack('joinRoom', 'plan')).toMatchObject({ success: false });
    client.forget();
    expect(server.services.control.demands()).not.toContain(1000);
    expect(server.services.control.inspectors()).toBe(0);
    await ana.ack('models:load', { modelName: 'alpha.gguf' });
    server.services.control.sample(Date.now() + 1e7);
    server.services.logs.write('info', 'server', 'nobody hears this');
    await ana.waitFor('logs:entry', ({ entry }) => (entry as { message: string }).message === 'nobody hears this');
    await settle(client);
    expect(events(client)).toEqual(['pong']);
  });

  it('a key and a token add up', async () => {
    const wanted = {
      name: 'k',
      scopes: ['observe' as const],
      expiresAt: null,
      models: null,
      concurrency: null,
      ratePerMinute: null,
    };
    const { secret } = await server.services.keys.create(wanted, 'test');
    const both = await join({ auth: { key: secret, token: await tokenOf('ana') } });
    expect(await info(both)).toMatchObject({ userId: 'ana' });
    expect(await both.ack('logs:clear')).toMatchObject({ success: true });
    expect(await both.ack('keys:list')).toMatchObject({ code: 'FORBIDDEN' });
    await both.ack('logout');
    expect(await both.ack('logs:clear')).toMatchObject({ code: 'FORBIDDEN' });
    await server.services.keys.revoke('k', 'test');
    await expect.poll(() => both.socket.connected).toBe(false);
  });
});

describe('a short disconnection', () => {
  it('leaves a user who authenticated after connecting who they are, and hears what was missed', async () => {
    const client = await join({ reconnection: true });
    await client.ack('authenticate', { token: await tokenOf('cleo') });
    await client.ack('joinRoom', 'plan');
    // A message gives the client the offset from which it is served again.
    await ana.ack('joinRoom', 'plan');
    await ana.ack('project:update', { room: 'plan', n: 1 });
    await client.waitFor('projectUpdate', ({ n }) => n === 1);
    const lost = new Promise((resolve) => void client.socket.once('disconnect', resolve));
    client.socket.io.engine.close();
    await lost;
    await ana.ack('project:update', { room: 'plan', n: 2 });
    await client.waitFor('projectUpdate', ({ n }) => n === 2);
    await expect.poll(() => client.socket.connected).toBe(true);
    expect(client.socket.recovered).toBe(true);
    expect(await info(client)).toMatchObject({ authenticated: true, userId: 'cleo' });
    expect((await info(client)) as { rooms: string[] }).toMatchObject({
      rooms: expect.arrayContaining(['user:cleo', 'plan']) as string[],
    });
  });

  it('after a logout brings no user back', async () => {
    const client = await joinAs('cleo', {}, { reconnection: true });
    client.socket.auth = {};
    await client.ack('logout');
    const back = new Promise((resolve) => void client.socket.once('connect', () => resolve(null)));
    client.socket.io.engine.close();
    await back;
    expect(await info(client)).toMatchObject({ authenticated: false, rooms: [client.socket.id] });
  });
});
