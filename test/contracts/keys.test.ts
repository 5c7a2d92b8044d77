/** Who may call what over which transport, and who must not hear what. */
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { createAccess } from '../../src/commands/access.ts';
import { createRegistry } from '../../src/commands/registry.ts';
import type { Scope } from '../../src/contracts/keys.ts';
import { startTestServer, startTransports } from '../support/server.ts';
import { createMemoryServices } from '../support/memory-services.ts';
import { connectClient, fence } from '../support/socket-client.ts';
import type { ConnectOptions, TestClient } from '../support/socket-client.ts';

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

const make = async (name: string, scopes: Scope[], over: { expiresAt?: number } = {}): Promise<string> => {
  const wanted = { name, scopes, expiresAt: null, models: null, concurrency: null, ratePerMinute: null, ...over };
  return (await server.services.keys.create(wanted, 'test')).secret;
};
const { require: requireKeys } = { require: (on: boolean) => server.services.control.keys.require(on) };
const join = async (options: ConnectOptions = {}): Promise<TestClient> => {
  const client = await connectClient(server.url, options);
  clients.push(client);
  return client;
};
const refusal = (options: ConnectOptions = {}): Promise<unknown> =>
  join(options).then(
    () => 'connected',
    (error: unknown) => error,
  );
const call = (command: string, payload: object, headers: Record<string, string> = {}, url = server.url) =>
  fetch(`${url}/api/commands/${command}`, { method: 'POST', body: JSON.stringify(payload), headers });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const UNAUTHORIZED = { data: { code: 'UNAUTHORIZED', message: expect.stringContaining('key') as string } };

describe('where no key is needed', () => {
  it('nobody may do everything, and a wrong key nothing', async () => {
    const anonymous = await join();
    expect(await anonymous.ack('keys:list')).toMatchObject({ success: true });
    expect(await refusal({ auth: { key: 'lla_wrong' } })).toMatchObject(UNAUTHORIZED);
    expect((await call('models:list', {}, bearer('lla_wrong'))).status).toBe(401);
    expect((await call('models:list', {}, { 'x-api-key': 'lla_wrong' })).status).toBe(401);
  });

  it('a token that is no key of ours, such as a user’s, is nobody’s', async () => {
    const client = await join({ auth: { token: 'eyJhbGciOiJIUzI1NiJ9.e30.x' } });
    expect(await client.ack('models:list')).toMatchObject({ success: true });
    expect((await call('models:list', {}, bearer('not-needed'))).status).toBe(200);
  });

  it('a key that is sent limits what may be done', async () => {
    const client = await join({ auth: { token: await make('eye', ['observe']) } });
    expect(await client.ack('models:list')).toMatchObject({ success: true });
    expect(await client.ack('models:load', { modelName: 'alpha.gguf' })).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('where one is needed', () => {
  it('the handshake is refused with a code, on both paths, both namespaces and both transports', async () => {
    requireKeys(true);
    for (const path of ['/socket.io', '/llamaproxws'])
      for (const namespace of ['/', '/llamaproxws'])
        for (const transports of [['websocket'], ['polling']] as ['websocket' | 'polling'][])
          expect(await refusal({ path, namespace, transports })).toMatchObject(UNAUTHORIZED);
    expect(await refusal({ auth: { token: 'eyJhbGciOiJIUzI1NiJ9.e30.x' } })).toMatchObject(UNAUTHORIZED);
  });

  it('a key is taken from auth.key, auth.token and both headers', async () => {
    const secret = await make('ana', ['observe']);
    requireKeys(true);
    for (const options of [
      { auth: { key: secret } },
      { auth: { token: secret } },
      { auth: { token: 'eyJ.e30.x', key: secret } },
      { headers: bearer(secret) },
      { headers: { 'x-api-key': secret } },
      { auth: { key: secret }, namespace: '/llamaproxws' },
      { auth: { key: secret }, path: '/llamaproxws', transports: ['polling' as const] },
    ])
      expect(await (await join(options)).ack('models:list')).toMatchObject({ success: true });
  });

  it('a namespace made later is guarded too', async () => {
    const services = createMemoryServices();
    const other = await startTransports({ services, keyring: services.control.keys.ring });
    services.control.keys.require(true);
    other.io.of('/later').on('connection', (socket) => socket.emit('connection_established', {}));
    await expect(connectClient(other.url, { namespace: '/later' })).rejects.toMatchObject(UNAUTHORIZED);
    await other.close();
  });

  it.each([
    ['infer', [false, false, false]],
    ['observe', [true, false, false]],
    ['operate', [true, true, false]],
    ['admin', [true, true, true]],
  ] as const)('%s over sockets and HTTP', async (scope, [observes, operates, administers]) => {
    const secret = await make('ana', [scope]);
    requireKeys(true);
    const client = await join({ auth: { key: secret } });
    const calls = [
      ['models:list', {}, observes],
      ['logs:clear', {}, operates],
      ['config:update', { config: { modelsMax: 3 } }, administers],
      ['keys:list', {}, administers],
      ['keys:create', { name: 'more' }, administers],
    ] as const;
    for (const [command, payload, may] of calls) {
      const code = may ? undefined : 'FORBIDDEN';
      expect((await client.ack(command, payload)) as { code?: string }, command).toMatchObject(
        may ? { success: true } : { code },
      );
      expect((await client.request(command, payload)).error?.reason, command).toBe(code);
      expect((await call(command, payload, bearer(secret))).status, command).toBe(may ? 200 : 403);
    }
    const snapshot = await fetch(`${server.url}/api/snapshot`, { headers: bearer(secret) });
    expect(snapshot.status).toBe(observes ? 200 : 403);
  });

  it('over HTTP everything under /api is 401 and says what would do', async () => {
    requireKeys(true);
    for (const path of ['health', 'snapshot', 'commands']) {
      const reply = await fetch(`${server.url}/api/${path}`);
      expect(reply.status, path).toBe(401);
      expect(reply.headers.get('www-authenticate')).toBe('Bearer');
      expect(await reply.json()).toMatchObject({ success: false, error: { code: 'UNAUTHORIZED' } });
    }
    expect((await call('models:list', {})).status).toBe(401);
    expect((await call('no:such', {})).status).toBe(401);
  });

  it('the typed client tells the refusal by its code', async () => {
    requireKeys(true);
    await expect(connect({ url: server.url })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(connect({ url: server.url, key: 'lla_wrong' })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });
});

it('a call that says nothing of its caller is nobody’s', async () => {
  const { ring, require: ask, service } = server.services.control.keys;
  const registry = createRegistry(server.services, createAccess(ring).authorise);
  const run = (key?: string) =>
    registry.execute(
      'models:list',
      {},
      { by: 'router', style: 'http', ...(key === undefined ? {} : { principal: { key, user: null } }) },
    );
  await make('ana', ['observe']);
  ask(true);
  expect(await run()).toMatchObject({ ok: false, error: { code: 'UNAUTHORIZED' } });
  expect(await run('nobody')).toMatchObject({ ok: false, error: { code: 'UNAUTHORIZED' } });
  expect(await run(service.list()[0]?.id)).toMatchObject({ ok: true });
});

describe('broadcasts', () => {
  it('an infer key hears none; keys are told to administrators only, and no secret to anybody', async () => {
    const [infer, observe, operate] = [
      await join({ auth: { key: await make('i', ['infer']) } }),
      await join({ auth: { key: await make('o', ['observe']) }, namespace: '/llamaproxws' }),
      await join({ auth: { key: await make('p', ['operate']) } }),
    ];
    const admin = await join({ auth: { key: await make('a', ['admin']) } });
    for (const client of clients) client.forget();
    const { data } = await admin.request('keys:create', { name: 'new' });
    const secret = String(data?.['secret']);
    await admin.request('models:load', { modelId: 'alpha' });
    await admin.waitFor('keys:updated', ({ keys }) => (keys as unknown[]).length === 5);
    server.services.control.sample(Date.now() + 1e7);
    await fence((message) => server.services.logs.write('info', 'server', message), [observe, operate, admin]);
    // Whatever was sent to it before this answer would have come before it.
    expect(await infer.ack('models:list')).toMatchObject({ code: 'FORBIDDEN' });

    expect(infer.received).toEqual([]);
    for (const client of [observe, operate]) {
      expect(client.of('models:status').length).toBeGreaterThan(0);
      expect(client.of('metrics:update').length).toBeGreaterThan(0);
      expect(client.of('keys:updated')).toEqual([]);
    }
    const heard = JSON.stringify(admin.of('keys:updated'));
    expect(heard).toContain('"new"');
    for (const client of clients) {
      const withoutAnswer = client.received.filter(({ event }) => event !== 'keys:create:result');
      expect(JSON.stringify(withoutAnswer)).not.toContain(secret);
      expect(JSON.stringify(client.received)).not.toMatch(/[0-9a-f]{64}/);
    }
  });
});

describe('the end of a key', () => {
  it('its open sockets are told and closed at once; others stay', async () => {
    const [first, second, other] = [
      await join({ auth: { key: await make('ana', ['admin']) } }),
      await join({ auth: { key: await make('bo', ['observe']) } }),
      await join(),
    ];
    const closed = vi.fn();
    second.socket.on('disconnect', closed);
    expect(await first.ack('keys:revoke', { id: 'bo' })).toMatchObject({ success: true });
    await second.waitFor('authError');
    await vi.waitFor(() => expect(closed).toHaveBeenCalledWith('io server disconnect', undefined));
    expect(first.socket.connected).toBe(true);
    expect(other.socket.connected).toBe(true);
    expect(second.of('keys:updated')).toEqual([]);
  });

  it('an expired key is refused on a socket that is still open', async () => {
    const key = await make('brief', ['observe'], { expiresAt: Date.now() + 60_000 });
    const client = await join({ auth: { key } });
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_001);
    expect(await client.ack('models:list')).toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('when keys become needed, sockets without one are closed', async () => {
    const [anonymous, holder] = [await join(), await join({ auth: { key: await make('ana', ['observe']) } })];
    requireKeys(true);
    await anonymous.waitFor('authError');
    await vi.waitFor(() => expect(anonymous.socket.connected).toBe(false));
    expect(await holder.ack('models:list')).toMatchObject({ success: true });
  });

  it('the typed client hears the refusal with its code', async () => {
    const client = await connect({ url: server.url, key: await make('ana', ['observe']) });
    const refused = new Promise((resolve) => client.onRefused(resolve));
    await server.services.keys.revoke('ana', 'test');
    expect(await refused).toMatchObject({ code: 'UNAUTHORIZED' });
    client.close();
  });
});

describe('requests of other sites', () => {
  const origin = 'https://app.example';

  /** `fetch` may not choose these headers. */
  const raw = (method: string, path: string, headers: Record<string, string>) =>
    new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
      const req = request(`${server.url}${path}`, { method, headers, agent: false }, (res) => {
        res.resume();
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers }));
      });
      req.on('error', reject);
      req.end();
    });

  it('get in with a valid key, after a preflight that announces one', async () => {
    const secret = await make('ana', ['observe']);
    const asks = { origin, 'access-control-request-method': 'GET' };
    const preflight = await raw('OPTIONS', '/api/snapshot', {
      ...asks,
      'access-control-request-headers': 'authorization',
    });
    expect(preflight).toMatchObject({ status: 204, headers: { 'access-control-allow-origin': origin } });
    expect(preflight.headers['access-control-allow-headers']).toContain('X-Api-Key');
    const answer = await raw('GET', '/api/snapshot', { origin, ...bearer(secret) });
    expect(answer).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': origin } });
    expect(
      (await raw('OPTIONS', '/api/snapshot', { ...asks, 'access-control-request-headers': 'content-type' })).status,
    ).toBe(403);
    expect((await raw('GET', '/api/snapshot', { origin })).status).toBe(403);
    expect((await raw('GET', '/api/snapshot', { origin, ...bearer('lla_wrong') })).status).toBe(403);
    expect((await raw('GET', '/api/snapshot', { host: 'evil.example', ...bearer(secret) })).status).toBe(403);
  });

  it('sockets of an unlisted origin need the key in their headers', async () => {
    const secret = await make('ana', ['observe']);
    expect(await refusal({ headers: { origin }, auth: { key: secret } })).not.toBe('connected');
    expect(await refusal({ headers: { origin, ...bearer(secret) } })).toBe('connected');
  });
});
