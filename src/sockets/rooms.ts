/**
 * Rooms that clients can name. They are kept apart from the rooms of this server's own, so that no name lets anybody hear what
 * is not meant for them.
 */
import type { Socket } from 'socket.io';
import { CodedError } from '../contracts/errors.ts';
import type { User } from '../contracts/users.ts';
import type { RunOwner } from '../commands/services.ts';

const USER = 'user:';
const NAMED = 'room:';
/** Rooms of these names belong to the user whose id follows. */
const PERSONAL = /^(?:user|claude):(?<owner>.*)$/s;

const LONGEST_NAME = 256;
const MOST_ROOMS = 100;

/** Where everything for one user is sent; the user's sockets are in it from the moment they are authenticated. */
export const userRoom = (userId: string): string => `${USER}${userId}`;

const OWNER = '@owner:';
/** Every socket of an owner that may observe is in it. */
export const ownerRoom = (owner: RunOwner): string => `${OWNER}${owner}`;
export const isOwnerRoom = (room: string): boolean => room.startsWith(OWNER);

/** The room that people call `name`. */
export const namedRoom = (name: string): string => (name.startsWith(USER) ? name : `${NAMED}${name}`);

/** A name as somebody sent it. Throws INVALID_PAYLOAD. */
export const roomName = (argument: unknown): string => {
  const name = typeof argument === 'string' ? argument.trim() : '';
  if (name === '') throw new CodedError('INVALID_PAYLOAD', 'Room name is required: send it as text.');
  if (name.length > LONGEST_NAME)
    throw new CodedError('INVALID_PAYLOAD', `Room names have ${LONGEST_NAME} characters at most.`);
  return name;
};

/** The names of the rooms that a socket is in, as people know them; its own id is one of them. */
export const roomNames = (socket: Socket): string[] =>
  [...socket.rooms].flatMap((room) => {
    if (room === socket.id || room.startsWith(USER)) return [room];
    return room.startsWith(NAMED) ? [room.slice(NAMED.length)] : [];
  });

/** FORBIDDEN for a room that is another's, INVALID_STATE for one too many. */
export const joinNamed = (socket: Socket, name: string, user: User | null): void => {
  const owner = PERSONAL.exec(name)?.groups?.['owner'];
  if (owner !== undefined && owner !== user?.userId)
    throw new CodedError('FORBIDDEN', `The room ${JSON.stringify(name)} is another user's.`);
  const room = namedRoom(name);
  if (!socket.rooms.has(room) && roomNames(socket).length > MOST_ROOMS)
    throw new CodedError('INVALID_STATE', `A connection can be in ${MOST_ROOMS} rooms: leave one first.`);
  void socket.join(room);
};

/** Takes a socket out of all personal rooms but those of `user`, and out of every named room when `named` is not allowed. */
export const keepOwnRooms = (socket: Socket, user: User | null, named: boolean): void => {
  for (const name of roomNames(socket)) {
    if (name === socket.id) continue;
    const owner = PERSONAL.exec(name)?.groups?.['owner'];
    const keep = owner === undefined ? named : owner === user?.userId;
    if (!keep) void socket.leave(namedRoom(name));
  }
};
