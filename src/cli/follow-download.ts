import type { LlamactorClient } from '../client/index.ts';
import { CodedError } from '../contracts/errors.ts';
import { hasEnded } from '../contracts/downloads.ts';
import type { DownloadView } from '../contracts/downloads.ts';

/**
 * Resolves with the download when it has ended; `onView` gets every view of it before. Uses the live picture, which comes
 * back whole after a lost connection. Rejects when somebody removed it.
 */
export const followDownload = async (
  client: LlamactorClient,
  id: string,
  onView: (download: DownloadView) => void,
): Promise<DownloadView> => {
  let settle: { resolve(download: DownloadView): void; reject(error: Error): void } | null = null;
  const ended = new Promise<DownloadView>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const look = (download: DownloadView | undefined): void => {
    if (download === undefined) settle?.reject(new CodedError('NOT_FOUND', 'The download was removed by somebody.'));
    else if (hasEnded(download.state)) settle?.resolve(download);
    else onView(download);
  };
  const live = await client.live(
    ({ downloads }) => look(downloads.find((download) => download.id === id)),
    (changes) => {
      for (const change of changes) {
        if (change.kind === 'download' && change.download.id === id) look(change.download);
        if (change.kind === 'download.removed' && change.id === id) look(undefined);
      }
    },
  );
  return ended.finally(() => live.stop());
};
