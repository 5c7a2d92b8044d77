/** Rows B31 and B32, the two paths and namespaces, and who may connect. */
import { connect as netConnect } from 'node:net';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryServices } from '../support/memory-services.ts';
import type { MemoryServices } from '../support/memory-services.ts';
import { startTransports } from '../support/server.ts';
import { connectClient, fence } from '../support/socket-client.ts';
import type { TestClient } from '../support/socket-client.ts';

type Transports = Awaited<ReturnType<typeof startTransports>>;

/** A raw request, because fetch does not let a caller choose Host and Origin. */
const raw = (port: number, path: string, headers: Record<string, string>, method = 'GET') =>
  new Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => (body += text));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
    });
    sent.on('error', reject);
    sent.end();
  });

/** The first line that the server answers to a WebSocket handshake. */
const upgrade = (port: number, path: string, headers: Record<string, string>): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = netConnect(port, '127.0.0.1', () => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      socket.write(
        [
          `GET ${path} HTTP/1.1`,
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          ...lines,
          '',
          '',
        ].join('\r\n'),
      );
    });
    socket.once('data', (data) => {
      resolve(data.toString().split('\r\n')[0] ?? '');
      socket.destroy();
    });
    socket.once('close', () => resolve('closed'));
    socket.once('error', reject);
  });

describe('socket transport', () => {
  let services: MemoryServices;
  let server: Transports;
  const clients: TestClient[] = [];
  const open = async (options: Parameters<typeof connectClient>[1]): Promise<TestClient> => {
    const client = await connectClient(server.url, options);
    clients.push(client);
    return client;
  };
  const write = (message: string): void => services.logs.write('info', 'server', message);

  beforeEach(async () => {
    services = createMemoryServices();
    server = await startTransports({
      services,
      allowedHosts: ['box.lan'],
      allowedOrigins: ['https://trusted.example'],
    });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await server.close();
  });

  const ways = ['/socket.io', '/llamaproxws'].flatMap((path) =>
    (['polling', 'websocket'] as const).flatMap((transport) =>
      ['/', '/llamaproxws'].map((namespace) => ({ path, transport, namespace })),
    ),
  );

  it.each(ways)(
    '$path by $transport to $namespace: calls, broadcasts and rooms',
    async ({ path, transport, namespace }) => {
      const client = await open({ path, transports: [transport], namespace });
      const other = await open({ path: '/socket.io' });
      expect(client.received[0]?.event).toBe('welcome');
      expect(await client.ack('models:list')).toMatchObject({ success: true });
      expect(await client.request('models:list')).toMatchObject({ success: true });
      expect(await client.request('live:subscribe')).toMatchObject({ success: true });
      expect(await other.ack('models:load', { modelName: 'alpha' })).toMatchObject({ success: true });
      await client.waitFor('models:updated');
      await client.waitFor('live:change');
      await fence(write, [client, other]);
      expect(other.of('models:updated')).toEqual([]);
    },
  );

  it.each(['/socket.io', '/llamaproxws'])('%s upgrades from polling to websocket', async (path) => {
    const client = await open({ path, transports: ['polling', 'websocket'] });
    await vi.waitFor(() => expect(client.socket.io.engine.transport.name).toBe('websocket'), { timeout: 5000 });
    expect(await client.ack('models:list')).toMatchObject({ success: true });
  });

  it('a call excludes the one socket that made it, not another of the same client', async () => {
    const first = await open({});
    const second = await open({});
    await first.ack('config:update', { key: 'modelsMax', value: 9 });
    await second.waitFor('config:updated');
    await fence(write, [first, second]);
    expect(first.of('config:updated')).toEqual([]);
  });

  it('B31 a dropped connection recovers its state, and missed broadcasts are replayed', async () => {
    const client = await open({});
    const other = await open({});
    await client.request('live:subscribe');
    await client.request('metrics:subscribe', { interval: 60_000 });
    await fence(write, [client]);
    const { id } = client.socket;
    client.forget();

    const gone = new Promise<void>((resolve) => void client.socket.once('disconnect', () => resolve()));
    client.socket.io.engine.close();
    await gone;
    await vi.waitFor(() => expect(server.io.of('/').sockets.has(id ?? '')).toBe(false));
    expect(services.control.demands()).not.toContain(60_000);
    await other.ack('models:load', { modelName: 'alpha' });
    await other.ack('config:update', { key: 'modelsMax', value: 2 });

    client.socket.connect();
    await vi.waitFor(() => expect(client.socket.connected).toBe(true), { timeout: 5000 });
    expect(client.socket.recovered).toBe(true);
    expect(client.socket.id).toBe(id);
    expect(services.control.demands()).toContain(60_000);
    await fence(write, [client]);
    expect(client.of('models:status').map((payload) => payload['status'])).toEqual(['loading', 'running']);
    expect(client.of('config:updated')).toHaveLength(1);
    const sequence = client.of('live:change').map((payload) => payload['seq'] as number);
    expect(sequence.length).toBeGreaterThan(0);
    expect(sequence).toEqual(sequence.map((_, index) => (sequence[0] ?? 0) + index));
  });

  it('B31 what a socket itself caused in style A is not replayed to it', async () => {
    const client = await open({});
    await fence(write, [client]);
    const release = services.control.hold('alpha');
    const lost = client.ack('models:load', { modelName: 'alpha' }).catch(() => 'lost');
    await vi.waitFor(() => expect(services.models.find('alpha')?.state).toBe('loading'));
    client.socket.io.engine.close();
    await vi.waitFor(() => expect(client.socket.connected).toBe(false));
    release();
    await vi.waitFor(() => expect(services.models.find('alpha')?.state).toBe('loaded'));
    client.socket.connect();
    await vi.waitFor(() => expect(client.socket.connected).toBe(true), { timeout: 5000 });
    await fence(write, [client]);
    expect(client.of('models:updated')).toEqual([]);
    client.close();
    await lost;
  });

  it('B32 pings every 25 s, waits 60 s, takes 100 MB, and compresses no frames', async () => {
    for (const path of ['/socket.io', '/llamaproxws']) {
      const { body, status } = await raw(server.port, `${path}/?EIO=4&transport=polling`, {});
      expect(status).toBe(200);
      expect(JSON.parse(body.slice(1))).toMatchObject({
        pingInterval: 25_000,
        pingTimeout: 60_000,
        maxPayload: 100_000_000,
        upgrades: ['websocket'],
      });
    }
    expect(await upgrade(server.port, '/llamaproxws/?EIO=4&transport=websocket', { Host: 'localhost' })).toContain(
      '101',
    );
  });

  it('B32 a message of many megabytes passes', async () => {
    const client = await open({});
    const ini = 'x'.repeat(20_000_000);
    expect(await client.ack('presets:save', { name: 'big', ini })).toMatchObject({
      success: false,
      code: 'INVALID_PAYLOAD',
    });
    expect(await client.ack('models:list')).toMatchObject({ success: true });
  });

  it('serves the client script, which no fallback swallows', async () => {
    const { status, headers, body } = await raw(server.port, '/socket.io/socket.io.js', { Accept: 'text/html' });
    expect(status).toBe(200);
    expect(headers['content-type']).toContain('javascript');
    expect(body).toContain('Socket.IO');
  });

  it('ends upgrades to any other path', async () => {
    expect(await upgrade(server.port, '/elsewhere', { Host: 'localhost' })).toContain('404');
  });

  it('a closing server lets clients come back by themselves', async () => {
    const client = await open({ path: '/socket.io' });
    const second = await open({ path: '/llamaproxws' });
    const reasons = Promise.all(
      [client, second].map((each) => new Promise<string>((resolve) => void each.socket.once('disconnect', resolve))),
    );
    await server.close();
    expect(await reasons).toEqual(['transport close', 'transport close']);
    server = await startTransports({ services });
  });

  const hosts: [Record<string, string>, boolean][] = [
    [{ Host: 'localhost:3000' }, true],
    [{ Host: '127.0.0.1:1' }, true],
    [{ Host: '[::1]:3000' }, true],
    [{ Host: '192.168.1.20' }, true],
    [{ Host: 'box.lan:3000' }, true],
    [{ Host: 'evil.example' }, false],
    [{ Host: 'box.lan.evil.example' }, false],
    [{ Host: 'localhost:3000', Origin: 'http://localhost:3000' }, true],
    [{ Host: 'localhost:3000', Origin: 'http://localhost:5173' }, false],
    [{ Host: 'localhost:3000', Origin: 'http://evil.example' }, false],
    [{ Host: 'localhost:3000', Origin: 'null' }, false],
    [{ Host: 'localhost:3000', Origin: 'https://trusted.example' }, true],
  ];

  it.each(hosts)('with %j over HTTP, polling and WebSocket alike: allowed %s', async (headers, allowed) => {
    for (const path of ['/socket.io/', '/llamaproxws/']) {
      const polling = await raw(server.port, `${path}?EIO=4&transport=polling`, headers);
      expect(polling.status).toBe(allowed ? 200 : 403);
      const first = await upgrade(server.port, `${path}?EIO=4&transport=websocket`, headers);
      expect(first.includes(' 101 ')).toBe(allowed);
    }
    const http = await raw(server.port, '/api/health', headers);
    expect(http.status).toBe(allowed ? 200 : 403);
  });

  it('gives CORS headers to listed origins only', async () => {
    for (const path of ['/api/health', '/socket.io/?EIO=4&transport=polling']) {
      const listed = await raw(server.port, path, { Host: 'localhost', Origin: 'https://trusted.example' });
      expect(listed.headers['access-control-allow-origin']).toBe('https://trusted.example');
      const own = await raw(server.port, path, { Host: 'localhost', Origin: 'http://localhost' });
      expect(own.status).toBe(200);
      expect(own.headers['access-control-allow-origin']).toBeUndefined();
    }
    const preflight = await raw(
      server.port,
      '/api/commands/models:list',
      { Host: 'localhost', Origin: 'https://trusted.example', 'Access-Control-Request-Method': 'POST' },
      'OPTIONS',
    );
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-methods']).toContain('POST');
    const refused = await raw(
      server.port,
      '/api/commands/models:list',
      { Host: 'localhost', Origin: 'http://evil.example' },
      'OPTIONS',
    );
    expect(refused.status).toBe(403);
  });
});
