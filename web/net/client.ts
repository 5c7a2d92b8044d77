/** The typed socket: requests in the envelope dialect with an acknowledgement, a deadline and coded errors. */
import { io } from 'socket.io-client';
import type { CommandInput, CommandName, CommandResult } from '../../src/contracts/commands.ts';
import { CodedError, isErrorCode } from '../../src/contracts/errors.ts';
import type { BroadcastData, BroadcastName, DirectEvents } from '../../src/contracts/events.ts';
import { followRun } from '../../src/contracts/follow-run.ts';
import type { RunFollower } from '../../src/contracts/follow-run.ts';
import type { RunPieceView } from '../../src/contracts/runs.ts';
import type { InspectorFrameView, LiveChangeView } from '../../src/contracts/views.ts';
import { at } from './base.ts';
import { credential } from './credentials.ts';
import { deadlineOf } from './deadlines.ts';

export type ClientEvent =
  | { type: 'connected' }
  | { type: 'lost'; reason: string }
  /** One attempt to connect failed. Another follows by itself. */
  | { type: 'failed'; reason: string }
  /** The server wants a key or token, or another one. Nothing follows by itself. */
  | { type: 'refused'; reason: string }
  /** The user whose connection this is now; null when a token that was shown does not count, for the reason. */
  | { type: 'user'; user: { userId: string; email: string | null } | null; reason: string | null };

export interface Client {
  /**
   * Sends a command. Rejects with a CodedError: the server's own, TIMEOUT when no answer came in time or the connection was
   * lost meanwhile, INVALID_STATE when there is no connection. Nothing is kept to be sent later: a load that starts minutes
   * after the click would surprise everyone.
   */
  request<N extends CommandName>(event: N, data: CommandInput<N>): Promise<CommandResult<N>>;
  /** Listens to a broadcast; returns a function that ends it. */
  on<N extends BroadcastName>(event: N, listener: (data: BroadcastData[N]) => void): () => void;
  /** Listens to what comes without a broadcast's envelope; returns a function that ends it. */
  onDirect<N extends keyof DirectEvents>(event: N, listener: (data: DirectEvents[N]) => void): () => void;
  onLiveChange(listener: (change: LiveChangeView) => void): () => void;
  onInspectorFrames(listener: (frames: InspectorFrameView[]) => void): () => void;
  /** What a run wrote and then writes, in order and each piece once, also over a lost connection. */
  followRun(id: string, onPiece: (piece: RunPieceView) => void, onError: (error: unknown) => void): RunFollower;
  onConnection(listener: (event: ClientEvent) => void): () => void;
  /** Connects, or tries again at once. */
  connect(): void;
  /** Connects anew, with the credential of now. */
  reconnect(): void;
  close(): void;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const errorOf = (event: string, error: unknown): CodedError => {
  if (!isRecord(error)) return new CodedError('INTERNAL', `The server refused ${event} without saying why.`);
  const message = typeof error['message'] === 'string' ? error['message'] : `The server refused ${event}.`;
  return new CodedError(isErrorCode(error['reason']) ? error['reason'] : 'INTERNAL', message, {
    ...(typeof error['retryAfter'] === 'number' ? { retryAfter: error['retryAfter'] } : {}),
    ...(isRecord(error['details']) ? { details: error['details'] } : {}),
  });
};

const LOST: Readonly<Record<string, string>> = {
  'io server disconnect': 'Llamactor closed the connection.',
  'ping timeout': 'Llamactor stopped answering.',
  'transport close': 'The connection to Llamactor was lost.',
  'transport error': 'The connection to Llamactor was lost.',
};

/** Pause before trying again after the server itself said no, in ms: it will hardly change its mind within a second. */
const REFUSED_RETRY = 3000;

/** Connects to the server this page came from, unless `url` names another. Call `connect` to begin. */
export const createClient = (url?: string): Client => {
  const options = {
    path: at('/socket.io'),
    autoConnect: false,
    // WebSocket at once saves three round trips; polling stays as the way through proxies that cannot carry one.
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    reconnectionDelay: 400,
    reconnectionDelayMax: 4000,
    timeout: 8000,
    // Asked for at each attempt: a reconnection shows what is known by then.
    auth: (show: (shown: object) => void) => {
      const token = credential();
      show(token === null ? {} : { token });
    },
  };
  const socket = url === undefined ? io(options) : io(url, options);
  const listeners = new Set<(event: ClientEvent) => void>();
  const tell = (event: ClientEvent): void => {
    for (const listener of listeners) listener(event);
  };
  let lastRequest = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const connectLater = (): void => {
    clearTimeout(retry);
    retry = setTimeout(() => socket.connect(), REFUSED_RETRY);
  };

  socket.on('connect', () => {
    tell({ type: 'connected' });
  });
  socket.on('disconnect', (reason) => {
    tell({ type: 'lost', reason: LOST[reason] ?? 'The connection to Llamactor was lost.' });
    // After the server's own goodbye socket.io does not try again by itself.
    if (reason === 'io server disconnect') connectLater();
  });
  socket.on('connect_error', (error) => {
    // Only a refusal by the server's own middleware carries a code; everything else is a transport's private language.
    const refused = 'data' in error && isRecord(error.data) && isErrorCode(error.data['code']);
    if (refused && isRecord(error.data) && error.data['code'] === 'UNAUTHORIZED') {
      // It would be refused again and again.
      clearTimeout(retry);
      tell({ type: 'refused', reason: error.message });
      return;
    }
    tell({ type: 'failed', reason: refused ? error.message : 'Llamactor does not answer.' });
    // A refusal by the server, unlike a missing one, also ends the attempts.
    if (!socket.active) connectLater();
  });

  socket.on('authenticated', ({ userId, email }: DirectEvents['authenticated']) => {
    tell({ type: 'user', user: { userId, email: email ?? null }, reason: null });
  });
  socket.on('authError', ({ message }: DirectEvents['authError']) => {
    tell({ type: 'user', user: null, reason: message });
  });

  const send = (event: string, data: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (!socket.connected) {
        reject(new CodedError('INVALID_STATE', 'Not connected to Llamactor, so nothing was sent.'));
        return;
      }
      lastRequest += 1;
      const envelope = { type: 'request', event, data, requestId: lastRequest, timestamp: Date.now(), version: '1' };
      socket.timeout(deadlineOf(event)).emit(event, envelope, (failure: Error | null, reply: unknown) => {
        if (failure !== null) {
          const cause = socket.connected ? 'No answer came in time' : 'The connection was lost before the answer came';
          reject(new CodedError('TIMEOUT', `${cause}; what became of it will show here.`));
        } else if (isRecord(reply) && reply['success'] === true) {
          resolve(reply['data']);
        } else {
          reject(errorOf(event, isRecord(reply) ? reply['error'] : null));
        }
      });
    });

  // The registry's parity test holds the server to the shapes of the contract.
  const request = <N extends CommandName>(event: N, data: CommandInput<N>) =>
    send(event, data) as Promise<CommandResult<N>>;

  return {
    request,
    on: (event, listener) => {
      // Untyped on purpose: a socket without an event map takes names it does not know only as plain strings.
      const name: string = event;
      const handler = (payload: unknown): void => {
        if (isRecord(payload) && isRecord(payload['data'])) listener(payload['data'] as BroadcastData[typeof event]);
      };
      socket.on(name, handler);
      return () => socket.off(name, handler);
    },
    onDirect: (event, listener) => {
      const name: string = event;
      socket.on(name, listener);
      return () => socket.off(name, listener);
    },
    onLiveChange: (listener) => {
      socket.on('live:change', listener);
      return () => socket.off('live:change', listener);
    },
    onInspectorFrames: (listener) => {
      const handler = ({ frames }: { frames: InspectorFrameView[] }): void => listener(frames);
      socket.on('inspector:frames', handler);
      return () => socket.off('inspector:frames', handler);
    },
    followRun: (id, onPiece, onError) => {
      const follower = followRun(
        {
          follow: (from) => request('runs:follow', { id, from }),
          onPiece: (listener) => {
            const handler = (told: DirectEvents['runs:piece']): void => {
              if (told.id === id) listener(told.piece);
            };
            socket.on('runs:piece', handler);
            return () => socket.off('runs:piece', handler);
          },
          onConnect: (listener) => {
            socket.on('connect', listener);
            return () => socket.off('connect', listener);
          },
        },
        0,
        onPiece,
        onError,
      );
      return {
        ...follower,
        stop: () => {
          follower.stop();
          if (socket.connected) request('runs:unfollow', { id }).catch(() => undefined);
        },
      };
    },
    onConnection: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    connect: () => {
      // A waiting reconnection would let the person wait as well; a fresh manager attempt starts now.
      if (socket.connected) return;
      clearTimeout(retry);
      socket.disconnect();
      socket.connect();
    },
    reconnect: () => {
      clearTimeout(retry);
      socket.disconnect();
      socket.connect();
    },
    close: () => {
      listeners.clear();
      clearTimeout(retry);
      socket.disconnect();
    },
  };
};
