/** Seed 004 on the sockets: its events, the rooms of channels, and the log's readers. */
import type { Socket } from 'socket.io';
import type { Caller } from '../../commands/caller.ts';
import type { Registry } from '../../commands/registry.ts';
import type { Connection, Services } from '../../commands/services.ts';
import type { Emitter } from '../emitter.ts';
import { createMessagingDialect } from './dialect.ts';
import { createEventLimiter } from './limiter.ts';
import { createLogStream } from './log-stream.ts';
import { createChannelBroadcasts, roomOf } from './rooms.ts';

export interface Messaging {
  handle(socket: Socket, event: string, args: readonly unknown[], caller: () => Omit<Caller, 'by' | 'style'>): boolean;
  connection(socket: Socket): Pick<Connection, 'joinChannel' | 'leaveChannel' | 'followLogs'>;
  leave(socket: Socket): void;
  close(): void;
}

export const createMessaging = (services: Services, registry: Registry, emitter: Emitter): Messaging => {
  const logs = createLogStream();
  const limiter = createEventLimiter(() => services.config.get().channelEventsPerMinute);
  const dialect = createMessagingDialect({ registry, limiter, logs });
  const tell = createChannelBroadcasts(emitter);
  const stop = services.subscribe((changes) => {
    for (const change of changes) {
      if (change.kind === 'log') logs.push(change.entry);
      else if (change.kind === 'agents' || change.kind.startsWith('channel')) tell(change as never);
    }
  });

  return {
    handle: dialect.handle,
    connection: (socket) => ({
      joinChannel: (channelId) => void socket.join(roomOf(channelId)),
      leaveChannel: (channelId) => void socket.leave(roomOf(channelId)),
      followLogs: (filter, after) => {
        if (filter === null) logs.end(socket);
        else logs.follow(socket, filter, after);
      },
    }),
    leave(socket) {
      logs.end(socket);
      services.channels.leaveAll(socket.id);
    },
    close() {
      stop();
      logs.close();
    },
  };
};
