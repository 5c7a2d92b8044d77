/** The rows of all media: what is kept on disk, what clients were told last, and the actor of those in the making. */
import type { ActorRefFrom } from 'xstate';
import type { mediaMachine } from '../../../machines/media.machine.ts';
import type { MediaSlot } from '../../../machines/media-policy.ts';
import type { By } from '../../commands/services.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { MediaDocument, MediaRecord } from '../../contracts/media-record.ts';
import { mediaHasEnded } from '../../contracts/media.ts';
import type { MediaView } from '../../contracts/media.ts';
import type { LogLevel } from '../../contracts/views.ts';
import type { ProgressReader } from '../../io/media/progress-reader.ts';
import type { Document } from '../../io/store/document.ts';
import { mediaView } from '../../projections/media-view.ts';
import type { ChangeHub } from '../changes.ts';
import type { ReadyTool } from './toolbox.ts';

/** One in the making. */
export interface Job {
  actor: ActorRefFrom<typeof mediaMachine>;
  tool: ReadyTool;
  reader: ProgressReader;
  /** Its actor has come to its end, and hears nothing any more. */
  over: boolean;
  /** Called when its end is noted. */
  waiters: (() => void)[];
}

export interface MediaRow {
  record: MediaRecord;
  job: Job | null;
  /** Its record is being written: neither started nor ended before that. */
  held: boolean;
  /** The view that was told last. */
  told: string;
  /** Whoever follows it was told of its end, which happens once. */
  over: boolean;
}

export interface MediaBook {
  /** In the order in which they were asked for. */
  rows: ReadonlyMap<string, MediaRow>;
  add(record: MediaRecord): MediaRow;
  /** Throws NOT_FOUND, also for one that was removed. */
  need(id: string): MediaRow;
  view(row: MediaRow): MediaView;
  /** Publishes the row unless it looks as it did before. */
  tell(row: MediaRow, by: By | null): void;
  /** Tells those that wait their new places. */
  tellQueue(): void;
  /** Rejects when the disk refuses. */
  save(row: MediaRow, record: MediaRecord): Promise<void>;
  saveOrLog(row: MediaRow, record: MediaRecord): Promise<void>;
  /** Forgets them for good. */
  forget(ids: readonly string[]): Promise<void>;
  /** Drops a row that was never on disk. */
  drop(id: string): void;
  slots(): MediaSlot[];
  /** Calls back at once, in order, with everything that is told. */
  watch(listener: (media: MediaView) => void): () => void;
}

export const notFound = (id: string): CodedError =>
  new CodedError('NOT_FOUND', `There is no media ${id.slice(0, 64)}; \`llamactor media list\` shows yours.`);

const slotOf = ({ record: { id, state }, job, held }: MediaRow): MediaSlot => {
  if (state !== 'wanted' || job === null) return { id, phase: 'ended' };
  const { value } = job.actor.getSnapshot();
  if (value === 'queued') return { id, phase: held ? 'ended' : 'waiting' };
  return { id, phase: value === 'running' || value === 'stopping' || value === 'finishing' ? 'running' : 'ended' };
};

export const createMediaBook = ({
  store,
  hub,
  log,
}: {
  store: Document<MediaDocument>;
  hub: ChangeHub;
  log(level: LogLevel, source: string, message: string): void;
}): MediaBook => {
  const rows = new Map<string, MediaRow>();
  const listeners = new Set<(media: MediaView) => void>();
  const slots = (): MediaSlot[] => [...rows.values()].map(slotOf);
  const placeOf = (id: string): number | null => {
    const place = slots()
      .filter(({ phase }) => phase === 'waiting')
      .findIndex((slot) => slot.id === id);
    return place === -1 ? null : place;
  };

  const book: MediaBook = {
    rows,
    slots,
    add(record) {
      const row: MediaRow = { record, job: null, held: false, told: '', over: record.state !== 'wanted' };
      rows.set(record.id, row);
      return row;
    },
    need(id) {
      const row = rows.get(id);
      if (row === undefined || row.record.removedAt !== null) throw notFound(id);
      return row;
    },
    view({ record, job }) {
      const snapshot = job?.actor.getSnapshot();
      const live = snapshot === undefined ? null : { value: snapshot.value, context: snapshot.context };
      return mediaView({ record, live, position: live?.value === 'queued' ? placeOf(record.id) : null });
    },
    tell(row, by) {
      const media = book.view(row);
      const text = JSON.stringify(media);
      if (text === row.told) return;
      row.told = text;
      if (!row.over) for (const listener of listeners) listener(media);
      row.over ||= mediaHasEnded(media.state);
      hub.publish({ kind: 'media', media, by });
    },
    tellQueue() {
      for (const row of rows.values()) if (slotOf(row).phase === 'waiting') book.tell(row, null);
    },
    async save(row, record) {
      await store.update((draft) => {
        draft.media = [...draft.media.filter(({ id }) => id !== record.id), record];
      });
      // Nobody sees what a crash could take back.
      row.record = record;
    },
    async saveOrLog(row, record) {
      try {
        await book.save(row, record);
      } catch (error) {
        log('error', 'server', `The media ${record.id} could not be noted: ${String(error)}`);
        row.record = record;
      }
    },
    async forget(ids) {
      const gone = new Set(ids);
      await store.update((draft) => {
        draft.media = draft.media.filter(({ id }) => !gone.has(id));
      });
      for (const id of ids) rows.delete(id);
    },
    drop: (id) => void rows.delete(id),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  for (const record of store.get().media.toSorted((a, b) => a.createdAt - b.createdAt)) book.add(record);
  return book;
};
