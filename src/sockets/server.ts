/** The Socket.IO server: two paths, two namespaces, one set of rooms. */
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server } from 'socket.io';
import type { Socket } from 'socket.io';
import { corsOrigin, holdsKey, refusedAccess } from '../http/guard.ts';
import type { AccessRules } from '../http/guard.ts';
import type { Access } from '../commands/access.ts';
import type { Connection, Services, Topic } from '../commands/services.ts';
import type { Registry } from '../commands/registry.ts';
import { guardAdmission } from './admission.ts';
import { ACTIVITY_ROOM, createBroadcaster, LIVE_ROOM } from './broadcaster.ts';
import { createEmitter, NAMESPACES } from './emitter.ts';
import { dispatchEvents } from './dispatch.ts';
import { MEDIA_NAMESPACE } from './media-audience.ts';
import { greet } from './greetings.ts';
import type { Broadcaster } from './broadcaster.ts';

/** Where clients of the seeds connect. `/socket.io` also serves the client script. */
export const SOCKET_PATHS = ['/socket.io', '/llamaproxws'] as const;

export interface SocketServerOptions {
  services: Services;
  registry: Registry;
  access: Access;
  rules: AccessRules;
  /** Told to clients in their greeting. */
  version: string;
}

export interface SocketServer {
  io: Server;
  /** Disconnects every client and stops broadcasting. Does not close the HTTP server. */
  close(): Promise<void>;
}

const TRANSPORT = {
  serveClient: true,
  transports: ['polling', 'websocket'] as ('polling' | 'websocket')[],
  pingInterval: 25_000,
  pingTimeout: 60_000,
  maxHttpBufferSize: 1e8,
  perMessageDeflate: false,
  // Recovered clients pass the same checks as new ones.
  connectionStateRecovery: { maxDisconnectionDuration: 120_000, skipMiddlewares: false },
};

const CLOSE_DEADLINE_MS = 1000;

const isSocketPath = (url: string | undefined): boolean =>
  SOCKET_PATHS.some((path) => url !== undefined && url.startsWith(`${path}/`));

/** With `destroyUpgrade` off, nobody else ends an upgrade that belongs to neither path; it would hang for ever. */
const endStrayUpgrade = (socket: Duplex): void => {
  socket.on('error', () => socket.destroy());
  socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
};

/** Resolves when all sockets are closed; those that do not answer the closing handshake are destroyed at the deadline. */
const ended = async (sockets: ReadonlySet<Duplex>, deadlineMs: number): Promise<void> => {
  const closed = Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  const deadline = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, deadlineMs);
  await closed;
  clearTimeout(deadline);
};

const ROOMS = { live: LIVE_ROOM, activity: ACTIVITY_ROOM } as const;

const isMedia = (topic: Topic): topic is `media:${string}` => topic.startsWith('media:');

const connectionOf = (socket: Socket, { metrics, inspector, media }: Broadcaster): Connection => ({
  id: socket.id,
  join(topic) {
    if (topic === 'inspector') inspector.join(socket);
    else if (isMedia(topic)) media.join(socket, topic);
    else void socket.join(ROOMS[topic]);
  },
  leave(topic) {
    if (topic === 'inspector') inspector.leave(socket);
    else void socket.leave(isMedia(topic) ? topic : ROOMS[topic]);
  },
  metricsEvery: (interval) => metrics.every(socket, interval),
});

/** Attaches the sockets to an HTTP server that is not listening yet. */
export const attachSockets = (httpServer: HttpServer, options: SocketServerOptions): SocketServer => {
  const { services, registry, access, rules, version } = options;
  const io = new Server({
    ...TRANSPORT,
    allowRequest: (request, decide) => {
      // A key in `auth` comes later than this; a page of another origin that has nothing else must be listed.
      const refusal = refusedAccess(request.headers, rules, holdsKey(request.headers, access));
      decide(refusal?.message, refusal === undefined);
    },
    cors: {
      origin: (origin, decide) => decide(null, corsOrigin(origin, rules) !== null),
      credentials: true,
    },
  });

  // `attach` makes an engine per path and forgets the one before, so that `io.close` would leave its clients connected.
  const engines = SOCKET_PATHS.map((path) => {
    io.attach(httpServer, { path, destroyUpgrade: false });
    io.serveClient(false);
    return io.engine;
  });
  const upgraded = new Set<Duplex>();
  const onUpgrade = (request: IncomingMessage, socket: Duplex): void => {
    if (!isSocketPath(request.url)) return endStrayUpgrade(socket);
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
  };
  httpServer.on('upgrade', onUpgrade);

  const admission = guardAdmission(io, access);
  // Before the broadcasts of the same change: whose key has ended hears none of them.
  const stopReview = services.subscribe((changes) => {
    if (changes.some(({ kind }) => kind === 'keys')) admission.review();
  });
  const broadcaster = createBroadcaster(services, createEmitter(io), io);

  for (const name of NAMESPACES) {
    io.of(name).on('connection', (socket) => {
      greet(socket, version);
      if (admission.seat(socket)) broadcaster.metrics.join(socket);
      broadcaster.inspector.resume(socket);
      socket.on('disconnect', () => {
        broadcaster.metrics.leave(socket);
        broadcaster.inspector.leave(socket);
      });
      dispatchEvents(socket, registry, {
        connection: connectionOf(socket, broadcaster),
        principal: admission.principalOf(socket),
      });
    });
  }

  // What concerns media alone: neither broadcasts nor samples come here.
  io.of(MEDIA_NAMESPACE).on('connection', (socket) => {
    greet(socket, version);
    dispatchEvents(socket, registry, {
      connection: connectionOf(socket, broadcaster),
      principal: admission.principalOf(socket),
    });
  });

  return {
    io,
    close: async () => {
      stopReview();
      broadcaster.close();
      // Only the transports are closed: a client told to disconnect by its namespace would not come back after a restart.
      for (const engine of engines) engine.close();
      await ended(upgraded, CLOSE_DEADLINE_MS);
      httpServer.off('upgrade', onUpgrade);
      for (const name of [...NAMESPACES, MEDIA_NAMESPACE]) await io.of(name).adapter.close();
    },
  };
};
