/** Who follows media in the making: `mediaProgress`, then exactly one of `mediaComplete` and `mediaError`. */
import type { Server, Socket } from 'socket.io';
import { mediaHasEnded } from '../contracts/media.ts';
import type { MediaEvents, MediaView } from '../contracts/media.ts';
import type { MediaService } from '../commands/media-service.ts';
import type { Connection, Topic } from '../commands/services.ts';
import { CodedError } from '../contracts/errors.ts';
import { NAMESPACES } from './emitter.ts';
import { leaveMedia, mediaRoom } from './media-rooms.ts';
import { namedRoom } from './rooms.ts';

export const MEDIA_NAMESPACE = '/media';

type Told = { [N in keyof MediaEvents]: [N, MediaEvents[N]] }[keyof MediaEvents];

const waiting = ({ position }: MediaView): string | null => {
  if (position === null) return null;
  return position === 0 ? 'It is next.' : `${position} before it.`;
};

const progressOf = (media: MediaView): Told => {
  const message = media.message ?? waiting(media);
  const { id: mediaId, progress, stage } = media;
  return ['mediaProgress', { mediaId, progress, stage, ...(message === null ? {} : { message }) }];
};

const metadataOf = ({
  tool,
  prompt,
  params,
  kind,
  mime,
  bytes,
  width,
  height,
  seconds,
  startedAt,
  finishedAt,
}: MediaView) => {
  const tookMs = startedAt === null || finishedAt === null ? null : finishedAt - startedAt;
  const facts = { tool, prompt, params, kind, mime, bytes, width, height, seconds, tookMs };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null));
};

/** How media in this state are told; an end is told after its last progress. */
export const mediaEvents = (media: MediaView): Told[] => {
  const { id: mediaId, url, thumbnailUrl, errorCode: code } = media;
  if (!mediaHasEnded(media.state)) return [progressOf(media)];
  if (media.state !== 'complete' || url === null) {
    const error = media.error ?? 'It came to nothing.';
    return [['mediaError', { mediaId, error, ...(code === null ? {} : { code }) }]];
  }
  const thumbnail = thumbnailUrl === null ? {} : { thumbnailUrl };
  return [progressOf(media), ['mediaComplete', { mediaId, url, ...thumbnail, metadata: metadataOf(media) }]];
};

export interface MediaAudience {
  /** Somebody who comes late is told how it stands, or how it ended. */
  join(socket: Socket, id: string): void;
  close(): void;
}

export const createMediaAudience = (io: Server, media: MediaService): MediaAudience => {
  const namespaces = [...NAMESPACES, MEDIA_NAMESPACE];
  const stop = media.watch((view) => {
    const room = mediaRoom(view.id, view.owner);
    for (const [event, payload] of mediaEvents(view))
      for (const name of namespaces) io.of(name).to(room).emit(event, payload);
  });
  return {
    join(socket, id) {
      const atFirst = media.find(id);
      if (atFirst === undefined) return;
      const room = mediaRoom(id, atFirst.owner);
      if (socket.rooms.has(room)) return;
      void socket.join(room);
      // After the answer. What has ended meanwhile was told to the room already.
      queueMicrotask(() => {
        const now = media.find(id) ?? atFirst;
        if (mediaHasEnded(now.state) && !mediaHasEnded(atFirst.state)) return;
        for (const [event, payload] of mediaEvents(now)) socket.emit(event, payload);
      });
    },
    close: stop,
  };
};

const elsewhere = (): never => {
  throw new CodedError('INVALID_STATE', 'Only media can be followed in this namespace: use "/" for everything else.');
};

/** What a socket can follow in the namespace of media. */
export const mediaConnection = (socket: Socket, audience: MediaAudience): Connection => ({
  id: socket.id,
  join(topic) {
    if (isMediaTopic(topic)) audience.join(socket, mediaIdOf(topic));
    else elsewhere();
  },
  leave(topic) {
    if (isMediaTopic(topic)) leaveMedia(socket, mediaIdOf(topic));
  },
  isIn: (room) => socket.rooms.has(namedRoom(room)),
  metricsEvery: elsewhere,
  followRun: elsewhere,
  unfollowRun: () => undefined,
  joinChannel: elsewhere,
  leaveChannel: elsewhere,
  followLogs: elsewhere,
});

export const isMediaTopic = (topic: Topic): topic is `media:${string}` => topic.startsWith('media:');
export const mediaIdOf = (topic: `media:${string}`): string => topic.slice('media:'.length);
