/**
 * A bare HTTP/1.1 client for one request at a time over a connection that stays open. It does as little as possible, since
 * its own work is part of every time that it measures and takes processor time from what it measures.
 */
import { connect } from 'node:net';
import type { NetConnectOpts, Socket } from 'node:net';
import { nowMs } from './statistics.ts';

export type Address = { path: string } | { host: string; port: number };

export interface Answered {
  /** From the request to the end of the answer, ms. */
  ms: number;
  /** From the request to the first `data:` line of the body, ms; NaN where there is none. */
  firstDataMs: number;
  /** Size of the whole answer. */
  bytes: number;
}

export interface Connection {
  /** Throws for any status but 200. */
  send(request: Buffer): Promise<Answered>;
  close(): void;
}

export const chatRequest = (model: string, fields: Record<string, unknown>): Buffer => {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], ...fields });
  const head =
    'POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.from(head + body);
};

const DEADLINE_MS = 30_000;
const HEAD_END = Buffer.from('\r\n\r\n');
const CHUNKS_END = Buffer.from('\r\n0\r\n\r\n');
const DATA = Buffer.from('data:');

/** Whether these bytes are one whole answer. Chunked bodies end with the empty chunk, which no body here contains. */
const isComplete = (bytes: Buffer): boolean => {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1) return false;
  const head = bytes.toString('latin1', 0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return bytes.length >= headEnd + HEAD_END.length + Number(length);
  // Behind the head, whose own end may look the same.
  return bytes
    .subarray(headEnd + HEAD_END.length)
    .subarray(-CHUNKS_END.length)
    .equals(CHUNKS_END);
};

interface Pending {
  startedAt: number;
  firstDataMs: number;
  bytes: Buffer;
  resolve(answer: Answered): void;
  reject(error: Error): void;
}

export const openConnection = async (address: Address): Promise<Connection> => {
  const socket: Socket = connect({ ...address, noDelay: true } as NetConnectOpts);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  let pending: Pending | null = null;
  const fail = (error: Error): void => {
    const failed = pending;
    pending = null;
    failed?.reject(error);
  };
  socket.setTimeout(DEADLINE_MS, () => fail(new Error(`No answer within ${DEADLINE_MS / 1000} s.`)));
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('The connection was closed in the middle of an answer.')));
  socket.on('data', (chunk: Buffer) => {
    if (pending === null) return;
    pending.bytes = pending.bytes.length === 0 ? chunk : Buffer.concat([pending.bytes, chunk]);
    if (Number.isNaN(pending.firstDataMs) && pending.bytes.includes(DATA)) {
      pending.firstDataMs = nowMs() - pending.startedAt;
    }
    if (!isComplete(pending.bytes)) return;
    const { startedAt, firstDataMs, bytes, resolve, reject } = pending;
    pending = null;
    const status = bytes.toString('latin1', 9, 12);
    if (status === '200') resolve({ ms: nowMs() - startedAt, firstDataMs, bytes: bytes.length });
    else reject(new Error(`Answered with ${status}: ${bytes.toString('utf8', 0, 1000)}`));
  });
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('The connection is closed.'));
        pending = { startedAt: nowMs(), firstDataMs: Number.NaN, bytes: Buffer.alloc(0), resolve, reject };
        socket.write(request);
      }),
    close: () => void socket.destroy(),
  };
};

/**
 * `count` requests one after another, over one connection or each over its own: llama-server closes the connection behind a
 * stream. Opening a connection is no part of any time.
 */
export const inSequence = async (
  address: Address,
  request: Buffer,
  count: number,
  { reuse = true }: { reuse?: boolean } = {},
): Promise<Answered[]> => {
  let connection = await openConnection(address);
  const answers: Answered[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      if (!reuse && index > 0) {
        connection.close();
        connection = await openConnection(address);
      }
      answers.push(await connection.send(request));
    }
  } finally {
    connection.close();
  }
  return answers;
};

/** `count` requests over `width` connections at once; returns requests per second. */
export const inParallel = async (address: Address, request: Buffer, count: number, width: number): Promise<number> => {
  const connections = await Promise.all(Array.from({ length: width }, () => openConnection(address)));
  let left = count;
  try {
    const startedAt = nowMs();
    await Promise.all(
      connections.map(async (connection) => {
        while (left > 0) {
          left -= 1;
          await connection.send(request);
        }
      }),
    );
    return (count * 1000) / (nowMs() - startedAt);
  } finally {
    for (const connection of connections) connection.close();
  }
};
