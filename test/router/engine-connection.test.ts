import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { EngineConnection } from '../../src/router/engine-connection.ts';
import type { EngineRequest } from '../../src/router/engine-request.ts';
import type { ResponseHandler } from '../../src/router/engine-connection.ts';

interface Wire {
  socketPath: string;
  sockets: Socket[];
  /** Everything received, over all sockets. */
  text(): string;
}

/** A listener that answers every arrival of bytes by `answer`; a null says nothing. */
const wire = async (answer: (text: string, socket: Socket) => string | null): Promise<Wire> => {
  const folder = await mkdtemp(join(tmpdir(), 'llr-'));
  const socketPath = join(folder, 'e.sock');
  const sockets: Socket[] = [];
  let text = '';
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      const told = answer(bytes.toString('latin1'), socket);
      if (told !== null) socket.write(told, 'latin1');
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { socketPath, sockets, text: () => text };
};

interface Outcome {
  status: number;
  body: string;
  error: NodeJS.ErrnoException | null;
}

const ask = (connection: EngineConnection, request: Partial<EngineRequest> = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    const outcome: Outcome = { status: 0, body: '', error: null };
    const handler: ResponseHandler = {
      onRequestStart: () => undefined,
      onResponseStart: (_, status) => (outcome.status = status),
      onResponseData: (_, chunk) => (outcome.body += chunk.toString('latin1')),
      onResponseEnd: () => resolve(outcome),
      onResponseError: (_, error) => resolve({ ...outcome, error }),
    };
    connection.dispatch({ method: 'POST', path: '/x', headers: [], body: Buffer.from('{}'), ...request }, handler);
  });

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const connectionTo = ({ socketPath }: Wire): EngineConnection => {
  const connection = new EngineConnection({ socketPath });
  onTestFinished(() => connection.destroy());
  return connection;
};

test('requests go out as they should, one after another over one socket', async () => {
  const engine = await wire(() => OK);
  const connection = connectionTo(engine);
  for (let i = 1; i <= 3; i++) {
    expect(await ask(connection, { headers: ['X-Odd', 'caf\u00e9'] })).toEqual({
      status: 200,
      body: 'ok',
      error: null,
    });
    expect(connection.served).toBe(i);
  }
  expect(engine.sockets).toHaveLength(1);
  const one =
    'POST /x HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\nX-Odd: caf\u00e9\r\ncontent-length: 2\r\n\r\n{}';
  expect(engine.text()).toBe(one.repeat(3));
});

test('a body of unknown length goes out in chunks, one of a known length as it is', async () => {
  const engine = await wire((text) => (text.includes('tail') ? OK : null));
  const connection = connectionTo(engine);
  const parts = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from('head');
    yield Buffer.alloc(0);
    await Promise.resolve();
    yield Buffer.from('-tail');
  };
  expect((await ask(connection, { body: parts() })).body).toBe('ok');
  await vi.waitFor(() => expect(engine.text()).toContain('\r\n\r\n4\r\nhead\r\n5\r\n-tail\r\n0\r\n\r\n'));
  expect((await ask(connection, { body: parts(), headers: ['Content-Length', '9'] })).body).toBe('ok');
  expect(engine.text()).toContain('Content-Length: 9\r\n\r\nhead-tail');
});

test.each([
  ['a line break in the path', { path: '/a\r\nX: y' }],
  ['a space in the path', { path: '/a b' }],
  ['a line break in a header', { headers: ['x', 'a\r\nContent-Length: 5'] }],
  ['a character beyond latin1', { headers: ['x', '\u4f60'] }],
])('%s never leaves', async (_, request) => {
  const engine = await wire(() => OK);
  const outcome = await ask(connectionTo(engine), request);
  expect(outcome.error?.code).toBe('BAD_REQUEST');
  expect(engine.text()).toBe('');
});

test('a response that is no HTTP, or more than one, costs the connection and nothing else', async () => {
  const answers = ['SSH-2.0-x\r\n\r\n', OK + OK, OK];
  const engine = await wire(() => answers.shift() ?? OK);
  const connection = connectionTo(engine);
  expect((await ask(connection)).error?.code).toBe('BAD_RESPONSE');
  expect((await ask(connection)).error?.code).toBe('BAD_RESPONSE');
  expect((await ask(connection)).body).toBe('ok');
  expect(engine.sockets).toHaveLength(3);
});

test('bytes that nobody asked for are not taken for the next answer', async () => {
  const engine = await wire(() => OK);
  const connection = connectionTo(engine);
  await ask(connection);
  engine.sockets[0]?.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil');
  await vi.waitFor(() => expect(engine.sockets[0]?.destroyed).toBe(true));
  expect((await ask(connection)).body).toBe('ok');
  expect(engine.sockets).toHaveLength(2);
});

test('an answer cut off is an error, one that ends with its connection is not', async () => {
  const answers = ['HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', 'HTTP/1.1 200 OK\r\n\r\nall of it'];
  const engine = await wire((_, socket) => {
    socket.end(answers.shift() ?? '', 'latin1');
    return null;
  });
  const connection = connectionTo(engine);
  expect(await ask(connection)).toMatchObject({ body: 'half', error: { code: 'ECONNRESET' } });
  expect(await ask(connection)).toMatchObject({ body: 'all of it', error: null });
});

test('a socket is left alone once the engine may be closing it', async () => {
  const engine = await wire(() => 'HTTP/1.1 200 OK\r\nkeep-alive: timeout=2\r\ncontent-length: 2\r\n\r\nok');
  const connection = connectionTo(engine);
  await ask(connection);
  expect(connection.isStale(performance.now() + 1)).toBe(true);
  await ask(connection);
  expect(engine.sockets).toHaveLength(2);
});

test('an abort closes the socket at once, also while it connects and from within the answer', async () => {
  const engine = await wire(() => 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin');
  const connection = connectionTo(engine);
  const early = ask(connection);
  connection.abort(new Error('early'));
  expect((await early).error?.message).toBe('early');
  const late = ask(connection);
  await vi.waitFor(() => expect(engine.sockets.length).toBeGreaterThan(0));
  await vi.waitFor(() => expect(engine.text()).toContain('POST'));
  connection.abort(new Error('late'));
  expect((await late).error?.message).toBe('late');
  await vi.waitFor(() => expect(engine.sockets.every((socket) => socket.destroyed)).toBe(true));
});

test('an answer before the end of the request is delivered, and its socket is not used again', async () => {
  const engine = await wire((text) => (text.startsWith('POST') ? OK : null));
  const connection = connectionTo(engine);
  let go = (): void => undefined;
  const parts = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from('x');
    await new Promise<void>((resolve) => (go = resolve));
  };
  expect((await ask(connection, { body: parts() })).body).toBe('ok');
  go();
  expect(connection.served).toBe(0);
  expect((await ask(connection)).body).toBe('ok');
  expect(engine.sockets).toHaveLength(2);
});
