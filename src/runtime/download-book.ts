/** The rows of all downloads: what is kept on disk, what clients were told last, and the actor of those that run. */
import type { ActorRefFrom } from 'xstate';
import type { downloadMachine } from '../../machines/download.machine.ts';
import type { DownloadSlot } from '../../machines/download-policy.ts';
import type { By } from '../commands/services.ts';
import type { DownloadRecord, DownloadsDocument } from '../contracts/download-record.ts';
import type { DownloadView } from '../contracts/downloads.ts';
import { CodedError } from '../contracts/errors.ts';
import type { LogLevel } from '../contracts/views.ts';
import { shownSource } from '../io/downloads/source.ts';
import type { Document } from '../io/store/document.ts';
import { downloadView } from '../projections/download-view.ts';
import type { ChangeHub } from './changes.ts';
import { createRate } from './transfer-rate.ts';

export interface DownloadRow {
  record: DownloadRecord;
  actor: ActorRefFrom<typeof downloadMachine> | null;
  rate: ReturnType<typeof createRate>;
  /** Settles when the record as it was asked for is on disk; nothing runs before. */
  saved: Promise<void>;
  /** Its wish is not on disk yet, or its end is being worked on. */
  held: boolean;
  /** Called when it has ended. */
  waiters: (() => void)[];
  /** The view that was told last. */
  told: string;
}

export interface DownloadBook {
  rows: ReadonlyMap<string, DownloadRow>;
  add(record: DownloadRecord): DownloadRow;
  /** Throws NOT_FOUND. */
  need(id: string): DownloadRow;
  view(row: DownloadRow): DownloadView;
  /** Publishes the row unless it looks as it did before. */
  tell(row: DownloadRow, by: By | null): void;
  /** Rejects when the disk refuses. */
  save(row: DownloadRow, record: DownloadRecord): Promise<void>;
  saveOrLog(row: DownloadRow, record: DownloadRecord): Promise<void>;
  remove(id: string, by: By | null): Promise<void>;
  /** Drops a row that was never on disk. */
  drop(id: string): void;
}

/** More are no history that anybody reads. */
const MOST_ENDED = 200;

export const hasEnded = ({ record }: DownloadRow): boolean => record.state !== 'wanted';

export const slotOf = ({ record: { id, state }, actor, held }: DownloadRow): DownloadSlot => {
  if (actor === null) return { id, phase: held || state !== 'wanted' ? 'ended' : 'waiting' };
  const { value, context } = actor.getSnapshot();
  if (value === 'queued') return { id, phase: context.retryDelayMs === null ? 'waiting' : 'paused' };
  return { id, phase: value === 'cancelled' || value === 'failed' ? 'ended' : 'running' };
};

export const createDownloadBook = ({
  store,
  hub,
  log,
}: {
  store: Document<DownloadsDocument>;
  hub: ChangeHub;
  log(level: LogLevel, source: string, message: string): void;
}): DownloadBook => {
  const rows = new Map<string, DownloadRow>();

  const book: DownloadBook = {
    rows,
    add(record) {
      const row: DownloadRow = {
        record,
        actor: null,
        rate: createRate(),
        saved: Promise.resolve(),
        held: false,
        waiters: [],
        told: '',
      };
      rows.set(record.id, row);
      return row;
    },
    need(id) {
      const row = rows.get(id);
      if (row !== undefined) return row;
      throw new CodedError('NOT_FOUND', `There is no download ${id}; \`llamactor downloads\` lists them.`);
    },
    view({ record, actor, rate }) {
      const snapshot = actor?.getSnapshot();
      const live = snapshot === undefined ? null : { value: snapshot.value, context: snapshot.context };
      return downloadView({ record, source: shownSource(record.source), live, bytesPerSecond: rate.get() });
    },
    tell(row, by) {
      const download = book.view(row);
      const text = JSON.stringify(download);
      if (text === row.told) return;
      row.told = text;
      hub.publish({ kind: 'download', download, by });
    },
    async save(row, record) {
      row.record = record;
      const old = [...rows.values()].filter((other) => other !== row && hasEnded(other) && !other.held);
      const surplus = new Set(old.slice(0, Math.max(0, old.length - MOST_ENDED)).map((other) => other.record.id));
      await store.update((draft) => {
        draft.downloads = draft.downloads.filter(({ id }) => id !== record.id && !surplus.has(id));
        draft.downloads.push(record);
      });
      for (const id of surplus) {
        rows.delete(id);
        hub.publish({ kind: 'download.removed', id, by: null });
      }
    },
    saveOrLog: (row, record) =>
      book
        .save(row, record)
        .catch((error: unknown) =>
          log('error', 'server', `The download ${record.id} could not be noted: ${String(error)}`),
        ),
    async remove(id, by) {
      await store.update((draft) => {
        draft.downloads = draft.downloads.filter((record) => record.id !== id);
      });
      rows.delete(id);
      hub.publish({ kind: 'download.removed', id, by });
    },
    drop: (id) => void rows.delete(id),
  };
  for (const record of store.get().downloads) book.add(record);
  return book;
};
