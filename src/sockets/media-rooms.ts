/** Rooms of those who follow one piece of media: they name its owner, so that a socket which is somebody else's now leaves them. */
import type { Socket } from 'socket.io';

const MEDIA = '@media:';

export const mediaRoom = (id: string, owner: string): string => `${MEDIA}${id}:${owner}`;

const ownerIn = (room: string): string => room.slice(room.indexOf(':', MEDIA.length) + 1);
const isOf = (room: string, id: string): boolean => room.startsWith(`${MEDIA}${id}:`);

/** Takes a socket out of the rooms of media that are not `owner`'s. */
export const keepOwnMedia = (socket: Socket, owner: string): void => {
  for (const room of socket.rooms) if (room.startsWith(MEDIA) && ownerIn(room) !== owner) void socket.leave(room);
};

export const leaveMedia = (socket: Socket, id: string): void => {
  for (const room of socket.rooms) if (isOf(room, id)) void socket.leave(room);
};
