/** The Socket.IO server: two paths, two namespaces, one set of rooms. */
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server } from 'socket.io';
import type { Socket } from 'socket.io';
import { corsOrigin, holdsKey, refusedAccess } from '../http/guard.ts';
import type { AccessRules } from '../http/guard.ts';
import type { User } from '../contracts/users.ts';
import type { Access } from '../commands/access.ts';
import { approvalOwner } from '../commands/approvals.ts';
import { unexpected } from '../commands/errors.ts';
import { ownerOf } from '../commands/owner.ts';
import type { Connection, Services } from '../commands/services.ts';
import type { Registry } from '../commands/registry.ts';
import { guardAdmission } from './admission.ts';
import { ACTIVITY_ROOM, createBroadcaster, LIVE_ROOM } from './broadcaster.ts';
import { createEmitter, NAMESPACES, SIDE_NAMESPACES } from './emitter.ts';
import { createRunFollowers } from './run-followers.ts';
import type { RunFollowers } from './run-followers.ts';
import { createFocus } from './focus.ts';
import { CLAIMS_FOCUS, humanLayerEvents, publishHumanLayer } from './human-layer.ts';
import { SESSION_EVENTS, sessionEvents } from './session-events.ts';
import { createSessionWatchers, isSessionTopic } from './session-rooms.ts';
import type { SessionWatchers } from './session-rooms.ts';
import { publishSessionStatus } from './session-status.ts';
import { dispatchEvents } from './dispatch.ts';
import type { Callers } from './dispatch.ts';
import { isMediaTopic, MEDIA_NAMESPACE, mediaConnection, mediaIdOf } from './media-audience.ts';
import { leaveMedia } from './media-rooms.ts';
import { claudeEvents, tellInterrupted } from './claude-events.ts';
import { connectionEvents } from './connection-events.ts';
import { greet } from './greetings.ts';
import { namedRoom } from './rooms.ts';
import { CHANNELS_ROOM } from './messaging/rooms.ts';
import { createMessaging } from './messaging/messaging.ts';
import type { Messaging } from './messaging/messaging.ts';
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

const BROADCASTING: ReadonlySet<string> = new Set(NAMESPACES);
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

const ROOMS = { live: LIVE_ROOM, activity: ACTIVITY_ROOM, channels: CHANNELS_ROOM } as const;

interface Parts {
  broadcaster: Broadcaster;
  watchers: SessionWatchers;
  followers: RunFollowers;
  messaging: Messaging;
}

const connectionOf = (
  socket: Socket,
  { broadcaster: { metrics, inspector, media }, watchers, followers, messaging }: Parts,
): Connection => ({
  ...messaging.connection(socket),
  id: socket.id,
  join(topic) {
    if (topic === 'inspector') inspector.join(socket);
    else if (isMediaTopic(topic)) media.join(socket, mediaIdOf(topic));
    else if (isSessionTopic(topic)) watchers.join(socket, topic);
    else void socket.join(ROOMS[topic]);
  },
  leave(topic) {
    if (topic === 'inspector') inspector.leave(socket);
    else if (isMediaTopic(topic)) leaveMedia(socket, mediaIdOf(topic));
    else if (isSessionTopic(topic)) watchers.leave(socket, topic);
    else void socket.leave(ROOMS[topic]);
  },
  isIn: (room) => socket.rooms.has(namedRoom(room)),
  metricsEvery: (interval) => metrics.every(socket, interval),
  followRun: (id) => followers.follow(socket, id),
  unfollowRun: (id) => followers.unfollow(socket, id),
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

  /** Whoever may observe no more leaves what it follows, too. */
  const onAudience = (socket: Socket, observes: boolean): void => {
    const broadcasts = BROADCASTING.has(socket.nsp.name);
    if (observes) {
      if (broadcasts) broadcaster.metrics.join(socket);
      return;
    }
    broadcaster.metrics.leave(socket);
    broadcaster.inspector.leave(socket);
    watchers.leaveAll(socket);
    for (const room of socket.rooms) if (room.startsWith('@')) void socket.leave(room);
  };
  /** After the greeting, and in a namespace that hears of runs. */
  const onUser = (socket: Socket, user: User): void => {
    if (!BROADCASTING.has(socket.nsp.name)) return;
    setImmediate(() => tellInterrupted(socket, services, ownerOf({ key: null, user })));
  };
  const admission = guardAdmission(io, access, onAudience, onUser);
  // Before the broadcasts of the same change: whose key has ended hears none of them.
  const stopReview = services.subscribe((changes) => {
    if (changes.some(({ kind }) => kind === 'keys')) admission.review();
  });
  const emitter = createEmitter(io);
  const broadcaster = createBroadcaster(services, emitter, io);
  const messaging = createMessaging(services, registry, emitter);
  const followers = createRunFollowers(services.runs, (socket) => ownerOf(admission.principalOf(socket)));

  const watchers = createSessionWatchers(io, services.sessions, (socket) =>
    approvalOwner(admission.principalOf(socket)),
  );

  const plain = new Map([
    ...connectionEvents(access, admission),
    ...claudeEvents(services, access),
    ...humanLayerEvents(services, access),
    ...sessionEvents(services, access),
  ]);
  const focus = createFocus();
  const mayHear = (socket: Socket): boolean => access.refusal(admission.principalOf(socket), 'observe') === undefined;
  const stopHumanLayer = publishHumanLayer(services, focus, mayHear);
  const stopSessions = publishSessionStatus(services, focus, mayHear);
  /** Before the call itself, so that what it causes reaches the right client. */
  const watchFocus = (socket: Socket): void => {
    const owner = (): string => approvalOwner(admission.principalOf(socket));
    focus.connected(socket, owner());
    socket.onAny((event: unknown) =>
      focus.called(socket, owner(), CLAIMS_FOCUS.has(String(event)) || SESSION_EVENTS.has(String(event))),
    );
    socket.on('disconnect', () => focus.left(socket));
  };
  const welcome = (socket: Socket, connection: Connection | undefined): void => {
    greet(socket, version, admission.principalOf(socket).user, admission.faultOf(socket));
    const callers: Callers = {
      connection,
      principal: () => admission.principalOf(socket),
      plain,
      failed: (event, cause) => unexpected(services, event, cause),
    };
    dispatchEvents(socket, registry, callers, messaging);
  };

  for (const name of NAMESPACES) {
    io.of(name).on('connection', (socket) => {
      watchFocus(socket);
      welcome(socket, connectionOf(socket, { broadcaster, watchers, followers, messaging }));
      if (admission.seat(socket)) broadcaster.metrics.join(socket);
      broadcaster.inspector.resume(socket);
      messaging.resume(socket);
      socket.on('disconnect', () => {
        broadcaster.metrics.leave(socket);
        broadcaster.inspector.leave(socket);
        followers.leave(socket);
        watchers.leaveAll(socket);
        messaging.leave(socket);
      });
    });
  }
  for (const name of SIDE_NAMESPACES) {
    io.of(name).on('connection', (socket) => {
      welcome(socket, name === MEDIA_NAMESPACE ? mediaConnection(socket, broadcaster.media) : undefined);
      admission.seat(socket);
    });
  }

  return {
    io,
    close: async () => {
      stopReview();
      broadcaster.close();
      followers.close();
      stopHumanLayer();
      stopSessions();
      watchers.close();
      messaging.close();
      // Only the transports are closed: a client told to disconnect by its namespace would not come back after a restart.
      for (const engine of engines) engine.close();
      await ended(upgraded, CLOSE_DEADLINE_MS);
      httpServer.off('upgrade', onUpgrade);
      for (const name of [...NAMESPACES, ...SIDE_NAMESPACES]) await io.of(name).adapter.close();
    },
  };
};
