import type { LlamactorClient } from '../client/index.ts';
import { CodedError } from '../contracts/errors.ts';
import { mediaHasEnded } from '../contracts/media.ts';
import type { MediaView } from '../contracts/media.ts';

/**
 * Resolves with the media when they have ended; `onView` gets every view before. Asks again after a lost connection, during
 * which the end may have been told. Rejects when somebody removed them.
 */
export const followMedia = async (
  client: LlamactorClient,
  id: string,
  onView: (media: MediaView) => void,
): Promise<MediaView> => {
  const stops: (() => void)[] = [];
  const ended = new Promise<MediaView>((resolve, reject) => {
    const look = (media: MediaView): void => {
      if (media.id !== id) return;
      if (mediaHasEnded(media.state)) resolve(media);
      else onView(media);
    };
    const ask = (): void => void client.call('media:get', { mediaId: id }).then(({ media }) => look(media), reject);
    stops.push(
      client.on('media:updated', ({ media }) => look(media)),
      client.on('media:removed', ({ mediaId }) => {
        if (mediaId === id) reject(new CodedError('NOT_FOUND', 'It was removed by somebody.'));
      }),
      client.onConnection((state) => {
        if (state === 'connected') ask();
      }),
    );
    ask();
  });
  return ended.finally(() => {
    for (const stop of stops) stop();
  });
};
