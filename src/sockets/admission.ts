/** Who may connect, which broadcasts a socket hears, and the end of sockets whose key has ended. */
import type { Server, Socket } from 'socket.io';
import { ERRORS, CodedError } from '../contracts/errors.ts';
import { chooseToken, tokenOf } from '../contracts/keys.ts';
import type { Scope } from '../contracts/keys.ts';
import type { Access } from '../commands/access.ts';
import type { Principal } from '../commands/caller.ts';
import { ownerOf } from '../commands/owner.ts';
import { isOwnerRoom, ownerRoom } from './run-broadcasts.ts';

/** Rooms by what their members may do. State is broadcast to observers, keys to administrators. */
export const AUDIENCE = { observe: '@may:observe', admin: '@may:admin' } as const;
const SCOPE_OF_ROOM = Object.entries(AUDIENCE) as [Scope, string][];

/**
 * The handshake's key: `auth.key`, `auth.token`, or the headers. A user's token may come in the same places; it is told from
 * a key by its looks.
 */
const tokenOfHandshake = ({ handshake }: Socket): string | null => {
  const auth: Record<string, unknown> = handshake.auth;
  const { authorization, 'x-api-key': apiKey } = handshake.headers;
  return chooseToken([auth['key'], auth['token'], tokenOf({ authorization, 'x-api-key': apiKey })]);
};

/** What `connect_error` carries as its `data`, so that a client can ask for a key in place of trying for ever. */
const connectError = ({ code, message }: CodedError): Error =>
  Object.assign(new Error(message), { data: { code, message, advice: ERRORS[code].advice } });

export interface Admission {
  principalOf(socket: Socket): Principal;
  /** Puts a connected socket into the rooms of what it may hear. Returns whether it may observe. */
  seat(socket: Socket): boolean;
  /** Disconnects the sockets whose key has ended, after telling them. */
  review(): void;
}

/** Guards every namespace of `io`, those that are made later too. */
export const guardAdmission = (io: Server, access: Access): Admission => {
  const principals = new WeakMap<Socket, Principal>();

  const admit = (socket: Socket, next: (error?: Error) => void): void => {
    const principal = access.identify(tokenOfHandshake(socket));
    if (principal instanceof CodedError) return next(connectError(principal));
    principals.set(socket, principal);
    next();
  };
  const guarded = [io.of('/')];
  io.of('/').use(admit);
  io.on('new_namespace', (namespace) => {
    namespace.use(admit);
    guarded.push(namespace);
  });

  // What is not known to have been admitted is nobody's.
  const principalOf = (socket: Socket): Principal => principals.get(socket) ?? { key: null };

  return {
    principalOf,
    seat(socket) {
      for (const [scope, room] of SCOPE_OF_ROOM) {
        // A recovered socket comes back with its rooms, perhaps under another key.
        if (access.refusal(principalOf(socket), scope) === undefined) void socket.join(room);
        else void socket.leave(room);
      }
      // A recovered socket may have been somebody else's.
      for (const room of socket.rooms) if (isOwnerRoom(room)) void socket.leave(room);
      if (socket.rooms.has(AUDIENCE.observe)) void socket.join(ownerRoom(ownerOf(principalOf(socket))));
      return socket.rooms.has(AUDIENCE.observe);
    },
    review() {
      for (const namespace of guarded) {
        for (const socket of namespace.sockets.values()) {
          if (access.stands(principalOf(socket))) continue;
          socket.emit('authError', { message: 'The key of this connection has ended, or one is needed now.' });
          socket.disconnect(true);
        }
      }
    },
  };
};
