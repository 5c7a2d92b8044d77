/** Those who watch a session's browser: frames are made while somebody does, and lost where a connection is too slow. */
import type { Server, Socket } from 'socket.io';
import type { DirectEvents } from '../contracts/events.ts';
import type { Services, Topic } from '../commands/services.ts';
import { NAMESPACES } from './emitter.ts';
import { createTopicAudience } from './topic-audience.ts';
import type { TopicAudience } from './topic-audience.ts';

export type SessionTopic = `session:${string}`;
export const isSessionTopic = (topic: Topic): topic is SessionTopic => topic.startsWith('session:');
const PREFIX = '@session:';

export interface SessionWatchers {
  join(socket: Socket, topic: SessionTopic): void;
  leave(socket: Socket, topic: SessionTopic): void;
  /** The socket is gone, or is somebody else's now. */
  leaveAll(socket: Socket): void;
  close(): void;
}

/** `ownerOf` is whose sessions a socket may watch. */
export const createSessionWatchers = (
  io: Server,
  sessions: Pick<Services['sessions'], 'watch'>,
  ownerOf: (socket: Socket) => string,
): SessionWatchers => {
  /** By room; the room names the owner, so that nobody stays in it as somebody else. */
  const audiences = new Map<string, TopicAudience>();
  const roomOf = (topic: SessionTopic, owner: string): string => `${PREFIX}${topic.slice('session:'.length)}:${owner}`;

  const audienceOf = (room: string, id: string, owner: string): TopicAudience => {
    const known = audiences.get(room);
    if (known !== undefined) return known;
    const made = createTopicAudience(room, () => {
      const stop = sessions.watch(id, owner, (frame) => {
        for (const name of NAMESPACES)
          io.of(name)
            .to(room)
            .volatile.emit('sessions:frame', frame satisfies DirectEvents['sessions:frame']);
      });
      return () => {
        stop();
        audiences.delete(room);
      };
    });
    audiences.set(room, made);
    return made;
  };

  return {
    join(socket, topic) {
      const owner = ownerOf(socket);
      audienceOf(roomOf(topic, owner), topic.slice('session:'.length), owner).join(socket);
    },
    leave: (socket, topic) => audiences.get(roomOf(topic, ownerOf(socket)))?.leave(socket),
    leaveAll(socket) {
      for (const audience of [...audiences.values()]) audience.leave(socket);
    },
    close() {
      for (const audience of [...audiences.values()]) audience.close();
    },
  };
};
