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
};
