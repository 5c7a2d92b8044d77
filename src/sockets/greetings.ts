/** What a socket hears first. */
import type { Socket } from 'socket.io';
import type { DirectEvents } from '../contracts/events.ts';
import type { User } from '../contracts/users.ts';

/** What `authenticated` says. */
export const authenticatedAs = ({ userId, email }: User): DirectEvents['authenticated'] => ({
  userId,
  ...(email === null ? {} : { email }),
  authenticatedAt: new Date().toISOString(),
});

/**
 * Greets synchronously from the connection handler: a client's first call must not be answered before it was greeted.
 * The order is fixed by the contracts: `welcome`, `connection:established`, `connection_established`, `authenticated`.
 */
export const greet = (socket: Socket, version: string, user: User | null, fault: string | null): void => {
  const now = Date.now();
  const welcome: DirectEvents['welcome'] = {
    message: `Connected to Llamactor ${version}.`,
    socketId: socket.id,
    serverTime: new Date(now).toISOString(),
  };
  const established: DirectEvents['connection:established'] = {
    clientId: socket.id,
    serverTime: now,
    version,
    timestamp: now,
  };
  const { agentId } = { ...socket.handshake.query, ...(socket.handshake.auth as Record<string, unknown>) };
  // These words are part of seed 004's contract.
  const ready: DirectEvents['connection_established'] = {
    message: 'Connected to Eliza Socket.IO server',
    socketId: socket.id,
    ...(typeof agentId === 'string' ? { agentId } : {}),
  };
  socket.emit('welcome', welcome);
  socket.emit('connection:established', established);
  socket.emit('connection_established', ready);
  if (user !== null) socket.emit('authenticated', authenticatedAs(user));
  else if (fault !== null) socket.emit('authError', { message: fault });
};
