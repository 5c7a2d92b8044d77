/** A real socket.io client that remembers everything it receives. */
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { vi } from 'vitest';
import type { AckReply, EnvelopeReply } from '../../src/contracts/events.ts';

export interface Received {
  event: string;
  payload: Record<string, unknown>;
}

export interface TestClient {
  socket: Socket;
  /** In order of arrival. */
  received: Received[];
  of(event: string): Record<string, unknown>[];
  /** Style A. */
  ack(event: string, ...args: unknown[]): Promise<AckReply & { data?: unknown; error?: string }>;
  /** Style B with an envelope. */
  request(event: string, data?: unknown, requestId?: unknown): Promise<EnvelopeReply<Record<string, unknown>>>;
  /** The first message of this event for which `matches` holds, past or future. */
  waitFor(event: string, matches?: (payload: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  forget(): void;
  close(): void;
}

export interface ConnectOptions {
  path?: string;
  namespace?: string;
  transports?: ('polling' | 'websocket')[];
  reconnection?: boolean;
  headers?: Record<string, string>;
  auth?: Record<string, unknown>;
}

const ANSWER_MS = 15_000;
let requests = 0;

/** Connects and resolves when the greetings have arrived. */
export const connectClient = async (url: string, options: ConnectOptions = {}): Promise<TestClient> => {
  const {
    path = '/socket.io',
    namespace = '/',
    transports = ['websocket'],
    reconnection = false,
    headers = {},
    auth = {},
  } = options;
  const socket = io(`${url}${namespace === '/' ? '' : namespace}`, {
    path,
    transports,
    reconnection,
    reconnectionDelay: 10,
    forceNew: true,
    extraHeaders: headers,
    auth,
  });
  const received: Received[] = [];
  socket.onAny((event: string, payload: unknown) => {
    received.push({ event, payload: (payload ?? {}) as Record<string, unknown> });
  });
  const of = (event: string): Record<string, unknown>[] =>
    received.filter((message) => message.event === event).map((message) => message.payload);
  const waitFor: TestClient['waitFor'] = (event, matches = () => true) =>
    vi.waitFor(
      () => {
        const found = of(event).find(matches);
        if (found === undefined)
          throw new Error(`${event} has not arrived; got ${received.map((m) => m.event).join(', ')}`);
        return found;
      },
      { timeout: ANSWER_MS, interval: 5 },
    );

  await new Promise<void>((resolve, reject) => {
    socket.once('connection_established', () => resolve());
    socket.once('connect_error', reject);
  });

  return {
    socket,
    received,
    of,
    waitFor,
    ack: (event, ...args) => socket.timeout(ANSWER_MS).emitWithAck(event, ...args) as ReturnType<TestClient['ack']>,
    request: async (event, data = {}, requestId = `req_${(requests += 1)}`) => {
      socket.emit(event, { type: 'request', event, data, requestId, timestamp: Date.now(), version: '1.0' });
      const reply: unknown = await waitFor(`${event}:result`, (payload) => payload['requestId'] === requestId);
      return reply as EnvelopeReply<Record<string, unknown>>;
    },
    forget: () => void received.splice(0),
    close: () => void socket.disconnect(),
  };
};

/**
 * Proves absences without waiting for time to pass: causes a broadcast that everybody gets and waits until it has arrived.
 * What had been sent before it to one of these clients would have arrived before it.
 */
export const fence = async (write: (message: string) => void, clients: readonly TestClient[]): Promise<void> => {
  const marker = `fence ${(requests += 1)}`;
  write(marker);
  const isMarker = (payload: Record<string, unknown>): boolean =>
    (payload['entry'] as { message?: unknown } | undefined)?.message === marker;
  await Promise.all(clients.map((client) => client.waitFor('logs:entry', isMarker)));
};
