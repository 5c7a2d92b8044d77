/** Who may connect, as whom, which broadcasts a socket hears, and the end of sockets whose key has ended. */
import type { Server, Socket } from 'socket.io';
import { ERRORS, CodedError } from '../contracts/errors.ts';
import { tokenOf } from '../contracts/keys.ts';
import type { Scope } from '../contracts/keys.ts';
import { hasEnded } from '../contracts/users.ts';
import type { User } from '../contracts/users.ts';
import { credentialsOf } from '../commands/access.ts';
import type { Access, Credentials } from '../commands/access.ts';
import { NOBODY } from '../commands/caller.ts';
import type { Principal } from '../commands/caller.ts';
import { ownerOf } from '../commands/owner.ts';
import { keepOwnMedia } from './media-rooms.ts';
import { isOwnerRoom, keepOwnRooms, ownerRoom, userRoom } from './rooms.ts';

/** Rooms by what their members may do. State is broadcast to observers, keys to administrators. */
export const AUDIENCE = { observe: '@may:observe', admin: '@may:admin' } as const;
const SCOPE_OF_ROOM = Object.entries(AUDIENCE) as [Scope, string][];

/** The longest time a timer can wait. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** `auth.key`, `auth.token`, or the headers; a user's token is told from a key by its looks. */
const credentialsOfHandshake = ({ handshake }: Socket): Credentials => {
  const auth: Record<string, unknown> = handshake.auth;
  const { authorization, 'x-api-key': apiKey } = handshake.headers;
  return credentialsOf([auth['key'], auth['token'], tokenOf({ authorization, 'x-api-key': apiKey })]);
};

/** What `connect_error` carries as its `data`, so that a client can ask for a key in place of trying for ever. */
const connectError = ({ code, message }: CodedError): Error =>
  Object.assign(new Error(message), { data: { code, message, advice: ERRORS[code].advice } });

/** What survives a short disconnection; only this server writes it. */
interface Kept {
  user?: User;
}
const keptOf = (socket: Socket): Kept => socket.data as Kept;

export interface Admission {
  principalOf(socket: Socket): Principal;
  /** Why the token of the handshake did not count, or null. */
  faultOf(socket: Socket): string | null;
  /** Puts a connected socket into the rooms of what it may hear. Returns whether it may observe. */
  seat(socket: Socket): boolean;
  /** Makes a connected socket that of another user, or of nobody, and seats it anew. */
  become(socket: Socket, user: User | null): void;
  /** Disconnects the sockets whose key has ended, after telling them. */
  review(): void;
}

/**
 * Guards every namespace of `io`, those that are made later too. `onAudience` hears when a connected socket begins or ceases to
 * be one that may observe, because its user changed; `onUser` of every socket that is a user's.
 */
export const guardAdmission = (
  io: Server,
  access: Access,
  onAudience: (socket: Socket, observes: boolean) => void,
  onUser: (socket: Socket, user: User) => void,
): Admission => {
  const principals = new WeakMap<Socket, Principal>();
  const faults = new WeakMap<Socket, string>();
  const expiries = new WeakMap<Socket, NodeJS.Timeout>();

  const admit = async (socket: Socket): Promise<Error | undefined> => {
    const admitted = await access.admit(credentialsOfHandshake(socket));
    const { user: kept } = keptOf(socket);
    if (admitted instanceof CodedError) {
      // Whoever authenticated after connecting comes back from a short disconnection as the same user.
      if (kept === undefined || !access.stands({ key: null, user: kept })) return connectError(admitted);
      principals.set(socket, { key: null, user: kept });
      return undefined;
    }
    const { principal, fault } = admitted;
    principals.set(socket, { ...principal, user: principal.user ?? kept ?? null });
    if (fault !== null) faults.set(socket, fault);
    return undefined;
  };
  const guard = (socket: Socket, next: (error?: Error) => void): void => {
    socket.once('disconnect', () => clearTimeout(expiries.get(socket)));
    admit(socket).then(next, next);
  };
  const guarded = [io.of('/')];
  io.of('/').use(guard);
  io.on('new_namespace', (namespace) => {
    namespace.use(guard);
    guarded.push(namespace);
  });

  // What is not known to have been admitted is nobody's.
  const principalOf = (socket: Socket): Principal => principals.get(socket) ?? NOBODY;

  /** Calls are judged at their own time; whoever only listens has to be told. */
  const watchExpiry = (socket: Socket, user: User | null): void => {
    clearTimeout(expiries.get(socket));
    if (user === null || user.expiresAt === null) return;
    const wait = Math.min(user.expiresAt - Date.now(), LONGEST_WAIT_MS);
    const timer = setTimeout(() => {
      if (!socket.connected || principalOf(socket).user !== user) return;
      if (!hasEnded(user, Date.now())) return watchExpiry(socket, user);
      become(socket, null);
      socket.emit('authError', { message: 'The token of this connection has expired: authenticate with a new one.' });
    }, wait).unref();
    expiries.set(socket, timer);
  };

  const seat = (socket: Socket): boolean => {
    const principal = principalOf(socket);
    for (const [scope, room] of SCOPE_OF_ROOM) {
      // A recovered socket comes back with its rooms, perhaps as somebody else.
      if (access.refusal(principal, scope) === undefined) void socket.join(room);
      else void socket.leave(room);
    }
    const observes = socket.rooms.has(AUDIENCE.observe);
    keepOwnRooms(socket, principal.user, observes);
    for (const room of socket.rooms) if (isOwnerRoom(room)) void socket.leave(room);
    keepOwnMedia(socket, ownerOf(principal));
    if (observes) void socket.join(ownerRoom(ownerOf(principal)));
    if (principal.user === null) delete keptOf(socket).user;
    else {
      void socket.join(userRoom(principal.user.userId));
      keptOf(socket).user = principal.user;
      onUser(socket, principal.user);
    }
    watchExpiry(socket, principal.user);
    return observes;
  };

  const become = (socket: Socket, user: User | null): void => {
    const before = socket.rooms.has(AUDIENCE.observe);
    principals.set(socket, { ...principalOf(socket), user });
    const observes = seat(socket);
    if (observes !== before) onAudience(socket, observes);
  };

  return {
    principalOf,
    faultOf: (socket) => faults.get(socket) ?? null,
    seat,
    become,
    review() {
      for (const namespace of guarded) {
        for (const socket of namespace.sockets.values()) {
          const principal = principalOf(socket);
          if (access.stands(principal)) {
            // What a token without scopes permits depends on whether somebody is needed.
            if (principal.user !== null) become(socket, principal.user);
            continue;
          }
          socket.emit('authError', { message: 'The key of this connection has ended, or one is needed now.' });
          socket.disconnect(true);
        }
      }
    },
  };
};
