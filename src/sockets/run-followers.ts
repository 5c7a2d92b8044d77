/** Sockets that follow what a run writes: what was written while they asked is held back, so that nothing is missing or comes twice. */
import type { Socket } from 'socket.io';
import type { DirectEvents } from '../contracts/events.ts';
import type { RunPieceView } from '../contracts/runs.ts';
import type { Connection, RunOwner, Services } from '../commands/services.ts';

export interface RunFollowers {
  follow(socket: Socket, id: string): ReturnType<Connection['followRun']>;
  unfollow(socket: Socket, id: string): void;
  /** The socket is gone. */
  leave(socket: Socket): void;
  close(): void;
}

interface Follower {
  socket: Socket;
  /** The piece to hand on next; null until its asking has been answered. */
  next: number | null;
  held: RunPieceView[];
}

/** `ownerOf` is asked for each piece: whoever has logged out hears no more. */
export const createRunFollowers = (
  runs: Pick<Services['runs'], 'onPiece'>,
  ownerOf: (socket: Socket) => RunOwner,
): RunFollowers => {
  const byRun = new Map<string, Map<Socket, Follower>>();

  const hand = ({ socket }: Follower, id: string, piece: RunPieceView): void => {
    socket.emit('runs:piece', { id, piece } satisfies DirectEvents['runs:piece']);
  };
  const stop = runs.onPiece((id, piece, owner) => {
    for (const follower of byRun.get(id)?.values() ?? []) {
      if (ownerOf(follower.socket) !== owner) continue;
      if (follower.next === null) follower.held.push(piece);
      else if (piece.seq >= follower.next) hand(follower, id, piece);
    }
  });
  const unfollow = (socket: Socket, id: string): void => {
    const followers = byRun.get(id);
    followers?.delete(socket);
    if (followers?.size === 0) byRun.delete(id);
  };

  return {
    follow(socket, id) {
      const follower: Follower = { socket, next: null, held: [] };
      const followers = byRun.get(id) ?? new Map<Socket, Follower>();
      byRun.set(id, followers.set(socket, follower));
      return {
        // One turn later, when the answer has been sent.
        begin: (next) =>
          void setImmediate(() => {
            follower.next = next;
            for (const piece of follower.held.splice(0)) if (piece.seq >= next) hand(follower, id, piece);
          }),
      };
    },
    unfollow,
    leave: (socket) => {
      for (const id of [...byRun.keys()]) unfollow(socket, id);
    },
    close: stop,
  };
};
