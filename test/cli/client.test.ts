import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, ServerUnreachableError } from '../../src/client/index.ts';
import type { LlamactorClient, LiveChange, SnapshotView } from '../../src/client/index.ts';
import { CodedError } from '../../src/contracts/errors.ts';
import { createAccess } from '../../src/commands/access.ts';
import { createRegistry } from '../../src/commands/registry.ts';
import { attachSockets } from '../../src/sockets/server.ts';
import { createMemoryServices } from '../support/memory-services.ts';
import type { MemoryServices } from '../support/memory-services.ts';
import { startTestServer } from '../support/server.ts';
import { freePort, occupy } from './free-port.ts';

const failure = async (work: Promise<unknown>): Promise<CodedError> => {
  const error: unknown = await work.then(
    () => new Error('It succeeded.'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof CodedError)) throw error;
  return error;
};

describe('against the real transports', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let client: LlamactorClient;
  beforeEach(async () => {
    server = await startTestServer();
    client = await connect({ url: server.url });
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  it('returns results in its own words', async () => {
    const { model, status } = await client.call('models:load', { modelId: 'alpha' });
    expect({ model, status }).toMatchObject({ model: { state: 'loaded', status: 'loaded' }, status: 'loaded' });
    const { models } = await client.call('models:list', {});
    expect(models.map((each) => each.status)).toEqual(models.map((each) => each.state));
    expect((await client.call('router:status', {})).status).toBe('loaded');
  });

  it('turns refusals into coded errors with everything they carry', async () => {
    server.services.control.failNext(
      'load',
      'alpha',
      new CodedError('DOES_NOT_FIT', 'No room.', { retryAfter: 7, details: { required: 9 } }),
    );
    const error = await failure(client.call('models:load', { modelId: 'alpha' }));
    expect(error).toMatchObject({ code: 'DOES_NOT_FIT', message: 'No room.', retryAfter: 7, details: { required: 9 } });
  });

  it('names the model that was not found and those nearby', async () => {
    const error = await failure(client.call('models:get', { modelId: 'alphq' }));
    expect(error.code).toBe('NOT_FOUND');
    expect(error.message).toMatch(/^There is no model "alphq"; nearest: alpha/);
  });

  it('refuses a payload by the contract', async () => {
    const error = await failure(client.call('logs:get', { limit: 0 }));
    expect(error.code).toBe('INVALID_PAYLOAD');
  });

  it('hears broadcasts until told otherwise', async () => {
    const heard: string[] = [];
    const off = client.on('models:status', ({ model }) => heard.push(model.status));
    await client.call('models:load', { modelId: 'alpha' });
    await vi.waitFor(() => expect(heard).toContain('loaded'));
    expect(heard).not.toContain('running');
    off();
    const before = heard.length;
    await client.call('models:unload', { modelId: 'alpha' });
    await client.call('models:list', {});
    expect(heard).toHaveLength(before);
  });

  it('live: a snapshot, then every change', async () => {
    const snapshots: SnapshotView[] = [];
    const changes: LiveChange[] = [];
    const live = await client.live(
      (snapshot) => snapshots.push(snapshot),
      (more) => changes.push(...more),
    );
    expect(snapshots).toHaveLength(1);
    await client.call('models:load', { modelId: 'alpha' });
    await vi.waitFor(() => {
      expect(changes.map((change) => change.kind === 'model' && change.model.state)).toContain('loaded');
    });
    live.stop();
    const count = changes.length;
    await client.call('models:unload', { modelId: 'alpha' });
    await client.call('models:list', {});
    expect(changes).toHaveLength(count);
  });

  it('fails pending calls when it is closed', async () => {
    const release = server.services.control.hold('beta');
    const pending = failure(client.call('models:load', { modelId: 'beta' }));
    await vi.waitFor(() => expect(server.services.models.find('beta')?.state).toBe('loading'));
    client.close();
    expect((await pending).code).toBe('UPSTREAM_FAILED');
    release();
  });

  it('gives up at the deadline of the call', async () => {
    const release = server.services.control.hold('beta');
    const error = await failure(client.call('models:load', { modelId: 'beta' }, { timeoutMs: 100 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('0.1 s') as string });
    release();
  });
});

/** The real sockets on a port that a second server can take over. */
const socketsOn = async (services: MemoryServices, port: number) => {
  const http = createServer();
  const rules = { allowedHosts: () => [], allowedOrigins: () => [] };
  const access = createAccess(services.control.keys.ring);
  const sockets = attachSockets(http, {
    services,
    access,
    registry: createRegistry(services),
    rules,
    version: '0.0.0',
  });
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  const taken = (http.address() as AddressInfo).port;
  return {
    port: taken,
    url: `http://127.0.0.1:${taken}`,
    close: async () => {
      await sockets.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
};

it('a new connection brings a new snapshot, and says so', async () => {
  const services = createMemoryServices();
  const first = await socketsOn(services, 0);
  const client = await connect({ url: first.url });
  const seen: string[] = [];
  client.onConnection((state) => seen.push(state));
  const snapshots: SnapshotView[] = [];
  await client.live(
    (snapshot) => snapshots.push(snapshot),
    () => undefined,
  );
  await first.close();
  await vi.waitFor(() => expect(seen).toEqual(['disconnected']));
  await services.models.load('alpha', 'server');
  const second = await socketsOn(services, first.port);
  await vi.waitFor(() => expect(snapshots).toHaveLength(2), { timeout: 15_000 });
  expect(seen).toEqual(['disconnected', 'connected']);
  expect(snapshots[1]?.models.find((model) => model.id === 'alpha')?.state).toBe('loaded');
  client.close();
  await second.close();
});

describe('gaps', () => {
  const listen = async (io: Server): Promise<string> => {
    const http = createServer();
    io.attach(http);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  };
  const services = createMemoryServices();
  const snapshot = (seq: number): SnapshotView => ({ ...services.snapshot(), seq });
  const change = (seq: number) => ({ seq, changes: [{ kind: 'model.removed', id: String(seq) }] });

  it('a missing increment asks for a snapshot, old and early increments are sorted out', async () => {
    const io = new Server();
    let asked = 0;
    io.on('connection', (socket) => {
      socket.on('live:subscribe', (_request: unknown, ack: (reply: unknown) => void) => {
        asked += 1;
        const seq = asked === 1 ? 5 : 9;
        // Overtakes the snapshot: 5 is in it already, 6 is not.
        if (asked === 1) for (const early of [5, 6]) socket.emit('live:change', change(early));
        ack({ type: 'response', event: 'live:subscribe', success: true, data: snapshot(seq), error: null });
        if (asked === 1) for (const later of [7, 9]) socket.emit('live:change', change(later));
        else socket.emit('live:change', change(10));
      });
    });
    const client = await connect({ url: await listen(io) });
    const story: string[] = [];
    await client.live(
      ({ seq }) => story.push(`snapshot ${seq}`),
      (_changes, seq) => story.push(`change ${seq}`),
    );
    await vi.waitFor(() => expect(story).toContain('change 10'));
    expect(story).toEqual(['snapshot 5', 'change 6', 'change 7', 'snapshot 9', 'change 10']);
    client.close();
    await io.close();
  });

  it('tells when a live connection cannot be subscribed again', async () => {
    const io = new Server();
    let asked = 0;
    io.on('connection', (socket) => {
      socket.on('live:subscribe', (_request: unknown, ack: (reply: unknown) => void) => {
        asked += 1;
        if (asked === 1) {
          ack({ success: true, data: snapshot(1), error: null });
          socket.emit('live:change', change(3));
        } else ack({ success: false, data: null, error: { code: 'X', message: 'No more.', reason: 'QUEUE_FULL' } });
      });
    });
    const client = await connect({ url: await listen(io) });
    const onError = vi.fn();
    await client.live(
      () => undefined,
      () => undefined,
      onError,
    );
    await vi.waitFor(() => expect(onError).toHaveBeenCalledOnce());
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ code: 'QUEUE_FULL', message: 'No more.' });
    client.close();
    await io.close();
  });

  it('an answer in no known form is an error, and so is an unknown reason', async () => {
    const io = new Server();
    io.on('connection', (socket) => {
      socket.on('models:list', (_request: unknown, ack: (reply: unknown) => void) => ack('hello'));
      socket.on('ps', () => undefined);
      socket.on('system:info', (_request: unknown, ack: (reply: unknown) => void) =>
        ack({ success: false, error: { code: 'X', message: 'Odd.', reason: 'FROM_THE_FUTURE' } }),
      );
    });
    const client = await connect({ url: await listen(io) });
    expect(await failure(client.call('models:list', {}))).toMatchObject({ code: 'INTERNAL' });
    expect(await failure(client.call('system:info', {}))).toMatchObject({ code: 'INTERNAL', message: 'Odd.' });
    client.close();
    await io.close();
  });
});

describe('connecting', () => {
  it('nothing listens', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const error = await failure(connect({ url }));
    expect(error).toBeInstanceOf(ServerUnreachableError);
    expect(error.message).toBe(
      `No Llamactor server answers at ${url} (connection refused); start it with \`npm start\` or \`llamactor serve\`, or name another one with --url.`,
    );
  });

  it('something listens and says nothing', async () => {
    const silent = await occupy();
    const error = await failure(connect({ url: `http://127.0.0.1:${silent.port}`, timeoutMs: 200 }));
    expect(error).toBeInstanceOf(ServerUnreachableError);
    await silent.close();
  });

  it.each([
    [404, ServerUnreachableError, 'HTTP 404'],
    [403, CodedError, 'allowedHosts'],
    [401, CodedError, 'key'],
  ])('something answers with %i', async (status, kind, words) => {
    const http = createServer((_request, response) => response.writeHead(status).end());
    http.on('upgrade', (_request, socket) => socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\n\r\n`));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const error = await failure(connect({ url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` }));
    expect(error).toBeInstanceOf(kind);
    expect(error instanceof ServerUnreachableError).toBe(status === 404);
    expect(error.message).toContain(words);
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });

  it.each(['nonsense', 'ftp://127.0.0.1', ''])('"%s" is no address', async (url) => {
    expect(await failure(connect({ url }))).toMatchObject({ code: 'INVALID_PAYLOAD' });
  });

  it('sends its key in the handshake', async () => {
    const io = new Server();
    const tokens: unknown[] = [];
    io.on('connection', (socket) => tokens.push((socket.handshake.auth as Record<string, unknown>)['token']));
    const http = createServer();
    io.attach(http);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const client = await connect({ url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, key: 'k1' });
    await vi.waitFor(() => expect(tokens).toEqual(['k1']));
    client.close();
    await io.close();
  });
});
