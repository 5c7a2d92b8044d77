/**
 * Which of an owner's sockets is the active client of seed 002: the newest to connect or to call one of its events. A socket whose
 * first call is of another dialect never was one and gives the role back. When the active client leaves, nobody is until a new
 * connection or call.
 */
import type { Socket } from 'socket.io';

export interface Focus {
  connected(socket: Socket, owner: string): void;
  /** A call of seed 002 (`claims`), or of any other dialect. */
  called(socket: Socket, owner: string, claims: boolean): void;
  left(socket: Socket): void;
  active(owner: string): Socket | null;
}

interface Role {
  owner: string;
  /** It has called nothing yet, so its dialect is unknown. */
  tentative: boolean;
  /** Whom it took the role from. */
  before: Socket | null;
}

export const createFocus = (): Focus => {
  const actives = new Map<string, Socket>();
  const roles = new WeakMap<Socket, Role>();

  const take = (socket: Socket, owner: string, tentative: boolean): void => {
    const before = actives.get(owner) ?? null;
    roles.set(socket, { owner, tentative, before: before === socket ? null : before });
    actives.set(owner, socket);
  };
  const giveBack = (socket: Socket, owner: string, before: Socket | null): void => {
    if (actives.get(owner) !== socket) return;
    if (before?.connected === true) actives.set(owner, before);
    else actives.delete(owner);
  };

  return {
    connected: (socket, owner) => take(socket, owner, true),
    called(socket, owner, claims) {
      const role = roles.get(socket);
      if (claims) take(socket, owner, false);
      else if (role?.tentative === true) {
        giveBack(socket, role.owner, role.before);
        roles.set(socket, { ...role, tentative: false, before: null });
      }
    },
    left(socket) {
      const role = roles.get(socket);
      if (role !== undefined && actives.get(role.owner) === socket) actives.delete(role.owner);
    },
    active: (owner) => {
      const socket = actives.get(owner);
      return socket?.connected === true ? socket : null;
    },
  };
};
