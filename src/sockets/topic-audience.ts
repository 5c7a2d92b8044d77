/** Sockets that follow something that is only produced while somebody follows it. */
import type { Socket } from 'socket.io';

export interface TopicAudience {
  join(socket: Socket): void;
  leave(socket: Socket): void;
  /** A recovered socket comes back with its rooms and has to be counted again. */
  resume(socket: Socket): void;
  close(): void;
}

/** `begin` is called when the first socket joins `room`; what it returns, when the last one has left. */
export const createTopicAudience = (room: string, begin: () => () => void): TopicAudience => {
  const members = new Set<Socket>();
  let end: (() => void) | null = null;

  const join = (socket: Socket): void => {
    void socket.join(room);
    members.add(socket);
    end ??= begin();
  };
  const finish = (): void => {
    end?.();
    end = null;
  };

  return {
    join,
    leave: (socket) => {
      void socket.leave(room);
      if (members.delete(socket) && members.size === 0) finish();
    },
    resume: (socket) => {
      if (socket.rooms.has(room)) join(socket);
    },
    close: () => {
      members.clear();
      finish();
    },
  };
};
