/** Rows S01–S07: who a connection is, which rooms it is in, and how long its answers take. */
import type { Socket } from 'socket.io';
import { CodedError } from '../contracts/errors.ts';
import type { Access } from '../commands/access.ts';
import type { Admission } from './admission.ts';
import { authenticatedAs } from './greetings.ts';
import type { PlainEvent, PlainEvents } from './plain-events.ts';
import { joinNamed, namedRoom, roomName, roomNames } from './rooms.ts';

const tokenIn = (argument: unknown): string | null => {
  const token = typeof argument === 'object' && argument !== null && 'token' in argument ? argument.token : argument;
  return typeof token === 'string' && token.trim() !== '' ? token.trim() : null;
};

const timestampIn = (argument: unknown): number | null => {
  const given =
    typeof argument === 'object' && argument !== null && 'timestamp' in argument ? argument.timestamp : null;
  return typeof given === 'number' && Number.isFinite(given) ? given : null;
};

/** Tells the client with `authError` and answers with the same words; the connection stays as it was. */
const refuse = (socket: Socket, error: CodedError): never => {
  socket.emit('authError', { message: error.message });
  throw error;
};

export const connectionEvents = (access: Access, admission: Admission): PlainEvents => {
  /** The newest attempt of a socket decides, however long an earlier one takes to be looked at. */
  const attempts = new WeakMap<Socket, symbol>();
  const attempt = (socket: Socket): (() => boolean) => {
    const mine = Symbol('attempt');
    attempts.set(socket, mine);
    return () => attempts.get(socket) === mine && socket.connected;
  };

  const authenticate: PlainEvent = async ({ socket }, argument) => {
    const isNewest = attempt(socket);
    const token = tokenIn(argument);
    if (token === null) return refuse(socket, new CodedError('INVALID_PAYLOAD', 'Token is required'));
    const user = await access.verify(token);
    if (user instanceof CodedError) return refuse(socket, user);
    if (!isNewest()) throw new CodedError('INVALID_STATE', 'Another attempt to authenticate or log out came later.');
    admission.become(socket, user);
    socket.emit('authenticated', authenticatedAs(user));
    return { userId: user.userId };
  };

  const logout: PlainEvent = ({ socket }) => {
    attempt(socket);
    admission.become(socket, null);
    socket.emit('loggedOut', { message: 'You are logged out.' });
    return {};
  };

  /** Rooms are for those who may see what goes on. */
  const mustObserve = (socket: Socket): void => {
    const refusal = access.refusal(admission.principalOf(socket), 'observe');
    if (refusal !== undefined) throw refusal;
  };

  const joinRoom: PlainEvent = ({ socket, principal }, argument) => {
    mustObserve(socket);
    const room = roomName(argument);
    joinNamed(socket, room, principal.user);
    socket.emit('roomJoined', { room, success: true });
    return { room };
  };

  const leaveRoom: PlainEvent = ({ socket }, argument) => {
    const room = roomName(argument);
    void socket.leave(namedRoom(room));
    socket.emit('roomLeft', { room, success: true });
    return { room };
  };

  const getConnectionInfo: PlainEvent = ({ socket, principal: { user } }) => ({
    socketId: socket.id,
    connected: socket.connected,
    rooms: roomNames(socket),
    authenticated: user !== null,
    ...(user === null ? {} : { userId: user.userId }),
    connectedAt: new Date(socket.handshake.issued).toISOString(),
  });

  const ping: PlainEvent = ({ socket }) => {
    const reply = { timestamp: Date.now() };
    socket.emit('pong', reply);
    return reply;
  };

  const heartbeat: PlainEvent = ({ socket }, argument) => {
    const now = Date.now();
    const sent = timestampIn(argument);
    const reply = {
      timestamp: now,
      serverTime: new Date(now).toISOString(),
      latency: sent === null ? null : Math.max(0, now - sent),
    };
    socket.emit('heartbeatAck', reply);
    return reply;
  };

  return new Map(Object.entries({ authenticate, logout, joinRoom, leaveRoom, getConnectionInfo, ping, heartbeat }));
};
