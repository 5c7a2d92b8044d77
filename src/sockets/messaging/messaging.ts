/** Seed 004 on the sockets: its events, the rooms of channels, and the log's readers. */
import type { Socket } from 'socket.io';
import type { Caller } from '../../commands/caller.ts';
import type { Registry } from '../../commands/registry.ts';
import type { ChannelChange, Connection, DomainChange, Services } from '../../commands/services.ts';
import type { Emitter } from '../emitter.ts';
import { createMessagingDialect } from './dialect.ts';
import { createEventLimiter } from './limiter.ts';
import { keptOf } from './kept.ts';
import { createLogStream } from './log-stream.ts';
import { createChannelBroadcasts, roomOf } from './rooms.ts';

export interface Messaging {
  handle(socket: Socket, event: string, args: readonly unknown[], caller: () => Omit<Caller, 'by' | 'style'>): boolean;
  connection(socket: Socket): Pick<Connection, 'joinChannel' | 'leaveChannel' | 'followLogs'>;
  /** A recovered socket comes back with its rooms; the rest of what it had a part in is given back to it here. */
  resume(socket: Socket): void;
  leave(socket: Socket): void;
  close(): void;
}

/** Entries that a recovered socket may have missed. */
const MISSED = 1000;

const isChannelChange = (change: DomainChange): change is ChannelChange =>
  change.kind === 'agents' || change.kind.startsWith('channel');

export const createMessaging = (services: Services, registry: Registry, emitter: Emitter): Messaging => {
  const logs = createLogStream();
  const limiter = createEventLimiter(() => services.config.get().channelEventsPerMinute);
  const dialect = createMessagingDialect({ registry, limiter, logs });
  const tell = createChannelBroadcasts(emitter);
  const stop = services.subscribe((changes) => {
    for (const change of changes) {
      if (change.kind === 'log') logs.push(change.entry);
      else if (isChannelChange(change)) tell(change);
    }
  });

  return {
    handle: dialect.handle,
    connection: (socket) => ({
      joinChannel(channelId, who) {
        void socket.join(roomOf(channelId));
        (keptOf(socket).channels ??= {})[channelId] = who;
        services.channels.enter(channelId, socket.id, who);
      },
      leaveChannel(channelId) {
        void socket.leave(roomOf(channelId));
        const { channels = {} } = keptOf(socket);
        keptOf(socket).channels = Object.fromEntries(Object.entries(channels).filter(([id]) => id !== channelId));
        services.channels.leave(channelId, socket.id);
      },
      followLogs: (filter, after) => {
        if (filter === null) logs.end(socket);
        else logs.follow(socket, filter, after);
      },
    }),
    resume(socket) {
      if (!socket.recovered) return;
      const { channels = {} } = keptOf(socket);
      for (const [channelId, who] of Object.entries(channels)) services.channels.enter(channelId, socket.id, who);
      logs.resume(socket, services.logs.query({ limit: MISSED, offset: 0 }).reverse());
    },
    leave(socket) {
      logs.leave(socket);
      services.channels.leaveAll(socket.id);
    },
    close() {
      stop();
      logs.close();
    },
  };
};
