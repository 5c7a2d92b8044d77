import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { CodedError } from '../contracts/errors.ts';
import type { CommandInput, CommandName, CommandResult } from '../contracts/commands.ts';
import type {
  BroadcastData,
  BroadcastName,
  DirectEvents,
  EnvelopeReply,
  EnvelopeRequest,
} from '../contracts/events.ts';
import { followRun } from '../contracts/follow-run.ts';
import type { RunFollower } from '../contracts/follow-run.ts';
import type { RunPieceView } from '../contracts/runs.ts';
import type { LiveChangeView } from '../contracts/views.ts';
import { deadlineOf } from './deadlines.ts';
import { fromConnectError, fromEnvelopeError, ServerUnreachableError } from './errors.ts';
import { followLive } from './live.ts';
import type { OnChange, OnSnapshot } from './live.ts';
import { inOwnWords } from './own-words.ts';

export const DEFAULT_URL = 'http://127.0.0.1:3000';

export interface ConnectOptions {
  /** Origin of the control plane. */
  url?: string;
  /** How long connecting may take, ms. */
  timeoutMs?: number;
  /** A key of the server, or a user's token. */
  key?: string;
}

export interface CallOptions {
  /** Deadline of this call, ms; each command has its own default. */
  timeoutMs?: number;
}

export type ConnectionState = 'connected' | 'disconnected';

export interface LiveSubscription {
  stop(): void;
}

/**
 * A connection to a Llamactor server. It reconnects by itself until `close` is called. Results and broadcasts use this product's
 * own words: a model's `status` is its `state`.
 */
export interface LlamactorClient {
  readonly url: string;
  /** Runs a command. Rejects with a CodedError: the server's refusal, or TIMEOUT at the deadline. */
  call<N extends CommandName>(name: N, input: CommandInput<N>, options?: CallOptions): Promise<CommandResult<N>>;
  /** Calls back with a broadcast's data; returns the function that ends it. */
  on<E extends BroadcastName>(event: E, listener: (data: BroadcastData[E]) => void): () => void;
  /** Calls back with what comes without the envelope of a broadcast; returns the function that ends it. */
  onDirect<E extends keyof DirectEvents>(event: E, listener: (data: DirectEvents[E]) => void): () => void;
  /**
   * A snapshot, then increments without a gap; a new snapshot after a gap or a reconnect. Resolves once the first snapshot was
   * delivered. `onError` hears of a later subscription that failed although the connection is up.
   */
  live(onSnapshot: OnSnapshot, onChange: OnChange, onError?: (error: unknown) => void): Promise<LiveSubscription>;
  /** What a run wrote from piece `from` on and then what it writes, in order and each piece once, also over a lost connection. */
  followRun(
    id: string,
    from: number,
    onPiece: (piece: RunPieceView) => void,
    onError?: (error: unknown) => void,
  ): RunFollower;
  /** Hears that this connection may do nothing more: its key was revoked or is needed now, or its key or token has expired. */
  onRefused(listener: (error: CodedError) => void): () => void;
  /** Hears of a lost connection and of its return. */
  onConnection(listener: (state: ConnectionState) => void): () => void;
  close(): void;
}

type ServerEvents = Record<string, (payload: never) => void>;
type ClientEvents = Record<string, (request: EnvelopeRequest, ack: (reply: unknown) => void) => void>;
type ClientSocket = Socket<ServerEvents, ClientEvents>;

const isReply = (value: unknown): value is EnvelopeReply =>
  typeof value === 'object' && value !== null && 'success' in value && typeof value.success === 'boolean';

const callFailure = (name: CommandName, cause: unknown, timeoutMs: number, socket: ClientSocket): CodedError => {
  const timedOut = cause instanceof Error && cause.message.includes('timed out');
  if (timedOut && socket.connected) {
    return new CodedError(
      'TIMEOUT',
      `${name} was not answered within ${timeoutMs / 1000} s; it may still finish, so look at the state before trying again.`,
    );
  }
  return new CodedError(
    'UPSTREAM_FAILED',
    `The connection to the server was lost before ${name} was answered; look whether it is still running.`,
  );
};

const listen = (socket: ClientSocket, event: string, handler: (payload: never) => void): (() => void) => {
  socket.on(event, handler);
  return () => socket.off(event, handler);
};

/** `isUser`: whether the server has taken a user's token from this connection. */
const wrap = (socket: ClientSocket, url: string, isUser: () => boolean): LlamactorClient => {
  let requests = 0;
  // A server that disconnects a client does so because of its key; asking again tells in which way.
  socket.on('disconnect', (reason) => {
    if (reason === 'io server disconnect') socket.connect();
  });
  const client: LlamactorClient = {
    url,
    call: async <N extends CommandName>(name: N, input: CommandInput<N>, options: CallOptions = {}) => {
      const timeoutMs = options.timeoutMs ?? deadlineOf(name);
      const request: EnvelopeRequest = {
        type: 'request',
        event: name,
        data: input,
        requestId: `${socket.id ?? 'client'}-${++requests}`,
        timestamp: Date.now(),
        version: '1.0',
      };
      let reply: unknown;
      try {
        reply = await socket.timeout(timeoutMs).emitWithAck(name, request);
      } catch (cause) {
        throw callFailure(name, cause, timeoutMs, socket);
      }
      if (!isReply(reply)) {
        throw new CodedError(
          'INTERNAL',
          `The server's answer to ${name} is in no known form; use the same version of client and server.`,
        );
      }
      if (!reply.success) throw fromEnvelopeError(name, reply.error);
      return inOwnWords(reply.data) as CommandResult<N>;
    },
    on: <E extends BroadcastName>(event: E, listener: (data: BroadcastData[E]) => void) =>
      listen(socket, event, (payload: { data: unknown }) => listener(inOwnWords(payload.data) as BroadcastData[E])),
    onDirect: (event, listener) => listen(socket, event, listener),
    live: async (onSnapshot, onChange, onError = () => undefined) => {
      const follower = followLive(
        {
          subscribe: () => client.call('live:subscribe', {}),
          onChange: (listener) => listen(socket, 'live:change', (change: LiveChangeView) => listener(change)),
          onConnect: (listener) => {
            const handler = (): void => listener(socket.recovered);
            socket.on('connect', handler);
            return () => socket.off('connect', handler);
          },
          isConnected: () => socket.connected,
        },
        onSnapshot,
        onChange,
        onError,
      );
      try {
        await follower.ready;
      } catch (error) {
        follower.stop();
        throw error;
      }
      return { stop: follower.stop };
    },
    followRun: (id, from, onPiece, onError = () => undefined) =>
      followRun(
        {
          follow: (next) => client.call('runs:follow', { id, from: next }),
          onPiece: (listener) =>
            listen(socket, 'runs:piece', (told: DirectEvents['runs:piece']) => {
              if (told.id === id) listener(told.piece);
            }),
          onConnect: (listener) => {
            socket.on('connect', listener);
            return () => socket.off('connect', listener);
          },
        },
        from,
        onPiece,
        onError,
      ),
    onRefused: (listener) => {
      // An error after which the socket does not try again is the server's own refusal.
      const handler = (error: Error): void => {
        if (!socket.active) listener(fromConnectError(url, error));
      };
      // A token that was taken has ended; one that never counted is no news, because nobody needs one then.
      const ended = ({ message }: DirectEvents['authError']): void => {
        if (isUser()) listener(new CodedError('UNAUTHORIZED', message));
      };
      socket.on('connect_error', handler);
      socket.on('authError', ended);
      return () => {
        socket.off('connect_error', handler);
        socket.off('authError', ended);
      };
    },
    onConnection: (listener) => {
      const up = (): void => listener('connected');
      const down = (reason: string): void => {
        // Our own `close` is no news.
        if (reason !== 'io client disconnect') listener('disconnected');
      };
      socket.on('connect', up);
      socket.on('disconnect', down);
      return () => {
        socket.off('connect', up);
        socket.off('disconnect', down);
      };
    },
    close: () => {
      socket.disconnect();
    },
  };
  return client;
};

const checkUrl = (url: string): string => {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new CodedError('INVALID_PAYLOAD', `"${url}" is no address of a server; write it like ${DEFAULT_URL}.`);
  }
  return parsed.origin;
};

/**
 * Connects to a server. Rejects with a ServerUnreachableError when nothing answers at `url` within `timeoutMs` (10 s), and with
 * UNAUTHORIZED or FORBIDDEN when the server refuses this client. The first failure counts: retrying would only hide it.
 */
export const connect = async (options: ConnectOptions = {}): Promise<LlamactorClient> => {
  const url = checkUrl(options.url ?? DEFAULT_URL);
  const timeoutMs = options.timeoutMs ?? 10_000;
  const socket: ClientSocket = io(url, {
    path: '/socket.io',
    // Skips the polling round trips, and puts the HTTP status of a refusal into the error.
    transports: ['websocket'],
    forceNew: true,
    autoConnect: false,
    reconnectionDelay: 250,
    reconnectionDelayMax: 5000,
    timeout: timeoutMs,
    ...(options.key === undefined ? {} : { auth: { token: options.key } }),
  });
  let isUser = false;
  // Before it connects: the greetings may come with the connection.
  socket.on('authenticated', () => {
    isUser = true;
  });
  await new Promise<void>((resolve, reject) => {
    const settle = (error: CodedError | null): void => {
      clearTimeout(timer);
      socket.off('connect', connected);
      socket.off('connect_error', failed);
      if (error === null) resolve();
      else {
        socket.disconnect();
        reject(error);
      }
    };
    const connected = (): void => settle(null);
    const failed = (error: Error): void => settle(fromConnectError(url, error));
    const timer = setTimeout(
      () => settle(new ServerUnreachableError(url, `no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    socket.on('connect', connected);
    socket.on('connect_error', failed);
    socket.connect();
  });
  return wrap(socket, url, () => isUser);
};
