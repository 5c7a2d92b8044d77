/** Who follows media in the making: `mediaProgress`, then exactly one of `mediaComplete` and `mediaError`. */
import type { Server, Socket } from 'socket.io';
import { mediaHasEnded } from '../contracts/media.ts';
import type { MediaEvents, MediaView } from '../contracts/media.ts';
import type { MediaService } from '../commands/media-service.ts';
import { NAMESPACES } from './emitter.ts';

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
  /** `topic` is `media:<id>`. Somebody who comes late is told how it stands, or how it ended. */
  join(socket: Socket, topic: `media:${string}`): void;
  close(): void;
}

export const createMediaAudience = (io: Server, media: MediaService): MediaAudience => {
  const namespaces = [...NAMESPACES, MEDIA_NAMESPACE];
  const stop = media.watch((view) => {
    for (const [event, payload] of mediaEvents(view))
      for (const name of namespaces) io.of(name).to(`media:${view.id}`).emit(event, payload);
  });
  return {
    join(socket, topic) {
      if (socket.rooms.has(topic)) return;
      void socket.join(topic);
      const id = topic.slice('media:'.length);
      const atFirst = media.find(id);
      // After the answer. What has ended meanwhile was told to the room already.
      queueMicrotask(() => {
        const now = media.find(id);
        if (atFirst === undefined || now === undefined) return;
        const view = mediaHasEnded(atFirst.state) ? atFirst : now;
        if (view === now && mediaHasEnded(now.state) && !mediaHasEnded(atFirst.state)) return;
        for (const [event, payload] of mediaEvents(view)) socket.emit(event, payload);
      });
    },
    close: stop,
  };
};
