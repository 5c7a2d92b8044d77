/** What is kept of media and for how long: removals that nobody took back, and the rules of age and size. */
import { mediaToRemove } from '../../../machines/media-policy.ts';
import type { KeepPolicy } from '../../../machines/media-policy.ts';
import type { LogLevel } from '../../contracts/views.ts';
import type { MediaFolder } from '../../io/media/media-folder.ts';
import type { ChangeHub } from '../changes.ts';
import type { MediaBook, MediaRow } from './media-book.ts';

/** How long a removal can be taken back, ms. */
export const UNDO_MS = 10 * 60_000;

export interface MediaKeeper {
  /** Deletes what nobody keeps any more; what cannot be deleted now is tried again the next time. */
  tidy(): Promise<void>;
  /** Removes folders that no record speaks of: a crash came between the two. */
  sweepFolders(): Promise<void>;
}

export const createMediaKeeper = (options: {
  book: MediaBook;
  folder: MediaFolder;
  keep(): KeepPolicy;
  hub: ChangeHub;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}): MediaKeeper => {
  const { book, folder, hub, log, now } = options;
  const all = (): MediaRow[] => [...book.rows.values()];
  const isUsed = (id: string): boolean =>
    all().some(({ record, job }) => job !== null && (record.input === id || record.id === id));

  const tooMany = (): Set<string> => {
    const kept = all().flatMap(({ record: { id, state, bytes, finishedAt, createdAt, removedAt } }) =>
      removedAt !== null || state === 'wanted'
        ? []
        : [{ id, bytes: bytes ?? 0, finishedAt: finishedAt ?? createdAt, used: isUsed(id) }],
    );
    return new Set(mediaToRemove(kept, options.keep(), now()));
  };
  const wasRemoved = ({ record: { id, removedAt } }: MediaRow): boolean =>
    removedAt !== null && now() - removedAt >= UNDO_MS && !isUsed(id);

  const tidy = async (): Promise<void> => {
    const surplus = tooMany();
    const leaving = all().filter(({ record }) => surplus.has(record.id));
    const ids = [...leaving, ...all().filter(wasRemoved)].map(({ record }) => record.id);
    if (ids.length === 0) return;
    try {
      await book.forget(ids);
      for (const id of ids) await folder.remove(id);
    } catch (error) {
      log('warn', 'server', `Old media could not be removed: ${String(error)}`);
    }
    for (const { record } of leaving)
      if (!book.rows.has(record.id))
        hub.publish({ kind: 'media.removed', id: record.id, owner: record.owner, by: null });
    if (leaving.length > 0)
      log('info', 'server', `${leaving.length} media were removed, as mediaKeepDays and mediaKeepMiB say.`);
  };

  let last: Promise<void> = Promise.resolve();
  return {
    tidy() {
      last = last.then(tidy);
      return last;
    },
    async sweepFolders() {
      for (const id of await folder.list()) {
        if (book.rows.has(id)) continue;
        await folder.remove(id).catch((error: unknown) => log('warn', 'server', String(error)));
      }
    },
  };
};
