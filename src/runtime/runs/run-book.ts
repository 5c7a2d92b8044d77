/** The rows of all runs: what is kept on disk, what is known of those that wait or run, and the telling of both. */
import type { By, RunNews, RunOwner } from '../../commands/services.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { RunRecord, RunsDocument } from '../../contracts/run-record.ts';
import { hasRunEnded } from '../../contracts/runs.ts';
import type { RunView } from '../../contracts/runs.ts';
import type { LogLevel } from '../../contracts/views.ts';
import type { Document } from '../../io/store/document.ts';
import { runView } from '../../projections/run-view.ts';
import type { RunMoment } from '../../projections/run-view.ts';
import type { ChangeHub } from '../changes.ts';

export interface RunRow extends Omit<RunMoment, 'pid'> {
  record: RunRecord;
  /** Settles when the record as it was asked for is on disk; nothing runs before. */
  saved: Promise<void>;
  /** The wish is not on disk yet, so nobody hears of it. */
  held: boolean;
  /** Called when it has ended and everybody was told. */
  waiters: (() => void)[];
}

export interface RunBook {
  rows: ReadonlyMap<string, RunRow>;
  /** Those of an owner, newest first. */
  of(owner: RunOwner): RunRow[];
  add(record: RunRecord): RunRow;
  /** Throws NOT_FOUND, or FORBIDDEN when it is somebody else's. */
  need(id: string, owner: RunOwner): RunRow;
  view(row: RunRow): RunView;
  tell(row: RunRow, news: RunNews, by: By | null): void;
  /** Rejects when the disk refuses. Old runs beyond what is kept go with the same write. */
  save(row: RunRow, changes: Partial<RunRecord>): Promise<void>;
  saveOrLog(row: RunRow, changes: Partial<RunRecord>): Promise<void>;
  remove(row: RunRow, by: By | null): Promise<void>;
  /** Drops a row that was never on disk. */
  drop(id: string): void;
}

export const createRunBook = (options: {
  store: Document<RunsDocument>;
  hub: ChangeHub;
  /** How many of an owner's ended runs are kept. */
  keep(): number;
  /** Of a run's process; null when it has none. */
  pidOf(id: string): number | null;
  /** Their files may go. */
  onDropped(id: string): void;
  log(level: LogLevel, source: string, message: string): void;
}): RunBook => {
  const { store, hub, log } = options;
  const rows = new Map<string, RunRow>();

  const of = (owner: RunOwner): RunRow[] =>
    [...rows.values()].filter(({ record, held }) => record.owner === owner && !held).toReversed();

  /** The ended runs of an owner beyond what is kept, but never `row` itself. */
  const surplusOf = (row: RunRow): RunRow[] =>
    of(row.record.owner)
      .filter((other) => other !== row && hasRunEnded(other.record.state))
      .slice(options.keep());

  const gone = (row: RunRow, by: By | null): void => {
    const { id, owner } = row.record;
    rows.delete(id);
    options.onDropped(id);
    hub.publish({ kind: 'run.removed', id, owner, by });
  };

  const book: RunBook = {
    rows,
    of,
    add(record) {
      const row: RunRow = {
        record,
        saved: Promise.resolve(),
        held: false,
        waiters: [],
        position: null,
        activity: null,
      };
      rows.set(record.id, row);
      return row;
    },
    need(id, owner) {
      const row = rows.get(id);
      if (row === undefined || row.held)
        throw new CodedError('NOT_FOUND', `There is no run ${id}; \`llamactor runs\` lists yours.`);
      if (row.record.owner !== owner) throw new CodedError('FORBIDDEN', 'Access denied: this run is somebody else’s.');
      return row;
    },
    view: (row) => runView(row.record, { ...row, pid: options.pidOf(row.record.id) }),
    tell(row, news, by) {
      if (row.held) return;
      const run = book.view(row);
      hub.publish({ kind: 'run', run, owner: row.record.owner, news, by });
      if (run.room !== null && news.what !== 'activity')
        hub.publish({ kind: 'project', room: run.room, data: projectNews(run), by: null });
    },
    async save(row, changes) {
      row.record = { ...row.record, ...changes };
      const { record } = row;
      const surplus = surplusOf(row);
      const leaving = new Set([record.id, ...surplus.map((other) => other.record.id)]);
      await store.update((draft) => {
        const place = draft.runs.findIndex(({ id }) => id === record.id);
        const others = draft.runs.filter(({ id }) => !leaving.has(id));
        // In the order in which they were asked for.
        draft.runs = place === -1 ? [...others, record] : insertedBy(others, record);
      });
      for (const other of surplus) if (rows.get(other.record.id) === other) gone(other, null);
    },
    saveOrLog: (row, changes) =>
      book
        .save(row, changes)
        .catch((error: unknown) => log('error', 'server', `A run could not be noted: ${String(error)}`)),
    async remove(row, by) {
      const { id } = row.record;
      await store.update((draft) => {
        draft.runs = draft.runs.filter((record) => record.id !== id);
      });
      if (rows.get(id) === row) gone(row, by);
    },
    drop: (id) => void rows.delete(id),
  };
  for (const record of store.get().runs) book.add(record);
  return book;
};

/** What the members of a room hear of a run: its state, and nothing of its prompt or its output. */
const projectNews = ({ id, tool, state, position }: RunView): Record<string, unknown> => ({
  type: 'run',
  processId: id,
  tool,
  status: state,
  ...(position === null ? {} : { queuePosition: position }),
});

const insertedBy = (records: RunRecord[], record: RunRecord): RunRecord[] => {
  const at = records.findIndex(({ createdAt }) => createdAt > record.createdAt);
  return at === -1 ? [...records, record] : [...records.slice(0, at), record, ...records.slice(at)];
};
