import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Upstream } from '../../../src/contracts/ipc.ts';

export interface Received {
  req: IncomingMessage;
  res: ServerResponse;
  /** Which connection of this engine it came over, from 0. */
  connection: number;
  body: Buffer;
}

export interface FakeEngine {
  upstream: Upstream;
  /** Requests whose body has arrived completely. */
  received: Received[];
  /** Every connection ever accepted. */
  sockets: Socket[];
  /** Kills every connection and stops listening, like a process that dies. */
  die(): Promise<void>;
}

type Handler = (received: Received) => void;

/** An HTTP server in the place of llama-server, on a unix socket unless `tcp` is asked for. */
export const fakeEngine = async (handle: Handler, { tcp = false } = {}): Promise<FakeEngine> => {
  const received: Received[] = [];
  const sockets: Socket[] = [];
  const server = createServer({ keepAliveTimeout: 5_000 }, (req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('error', () => undefined);
    req.on('end', () => {
      const one = { req, res, connection: sockets.indexOf(req.socket), body: Buffer.concat(parts) };
      received.push(one);
      handle(one);
    });
  });
  server.on('connection', (socket) => sockets.push(socket));
  const folder = await mkdtemp(join(tmpdir(), 'llr-'));
  const socketPath = join(folder, 'e.sock');
  await new Promise<void>((resolve) => {
    if (tcp) server.listen(0, '127.0.0.1', resolve);
    else server.listen(socketPath, resolve);
  });
  const upstream = tcp ? { host: '127.0.0.1', port: (server.address() as AddressInfo).port } : { socketPath };
  const die = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => {
      if (server.listening) server.close(() => resolve());
      else resolve();
    });
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  onTestFinished(async () => {
    await die();
    await rm(folder, { recursive: true, force: true });
  });
  return { upstream, received, sockets, die };
};

/** Answers like a chat completion that is done at once. */
export const answerWhole: Handler = ({ res, body }) => {
  const { model } = JSON.parse(body.toString()) as { model?: string };
  const text = JSON.stringify({
    choices: [{ message: { role: 'assistant', content: `I am ${model ?? 'nobody'}` } }],
    usage: { completion_tokens: 4, prompt_tokens: 11, total_tokens: 15 },
    timings: { cache_n: 0, prompt_n: 11, predicted_n: 4, predicted_per_second: 250.5 },
  });
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  res.end(text);
};

export const openStream = ({ res }: Received): void => {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
};

/** An SSE event the way llama-server writes it. */
export const event = (value: unknown): string =>
  `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;
