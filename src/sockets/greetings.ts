/** What a socket hears first. */
import type { Socket } from 'socket.io';
import type { DirectEvents } from '../contracts/events.ts';

/**
 * Greets synchronously from the connection handler: a client's first call must not be answered before it was greeted.
 * The order is fixed by the contracts: `welcome`, `connection:established`, `connection_established`, `authenticated`.
 */
export const greet = (socket: Socket, version: string): void => {
  const now = Date.now();
  const established: DirectEvents['connection:established'] = {
    clientId: socket.id,
    serverTime: now,
    version,
    timestamp: now,
  };
  socket.emit('connection:established', established);
  const { agentId } = { ...socket.handshake.query, ...(socket.handshake.auth as Record<string, unknown>) };
  socket.emit('connection_established', {
    message: 'Connected to Eliza Socket.IO server',
    socketId: socket.id,
    ...(typeof agentId === 'string' ? { agentId } : {}),
  });
};
