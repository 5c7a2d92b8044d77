/** The rows of all sessions: what is kept on disk, the actor of those under way, and the telling of both. */
import type { ActorRefFrom } from 'xstate';
import type { sessionMachine } from '../../../machines/session.machine.ts';
import type { By } from '../../commands/services.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { SessionRecord, SessionsDocument } from '../../contracts/session-record.ts';
import { sessionHasEnded } from '../../contracts/sessions.ts';
import type { SessionView } from '../../contracts/sessions.ts';
import type { LogLevel } from '../../contracts/views.ts';
import type { ElementFacts } from '../../io/browser/browser.ts';
import type { Sight } from '../../io/sessions/mind.ts';
import type { Document } from '../../io/store/document.ts';
import { NO_MOMENT, sessionView } from '../../projections/session-view.ts';
import type { SessionMoment } from '../../projections/session-view.ts';
import type { ChangeHub } from '../changes.ts';

export interface SessionRow {
  record: SessionRecord;
  /** Null when it has ended, and after a restart until somebody goes on. */
  actor: ActorRefFrom<typeof sessionMachine> | null;
  /** Aborted when its actor has come to its end. */
  gone: AbortController;
  doing: string | null;
  waitsFor: string | null;
  /** The element of the step under way. */
  facts: ElementFacts | null;
  /** The newest pictures, for a model that sees. */
  sights: Sight[];
  /** Sites whose opening is being asked about. */
  visits: Map<string, Promise<{ allowed: boolean; why: string | null }>>;
  /** The view that was told last. */
  told: string;
}

export interface SessionBook {
  rows: ReadonlyMap<string, SessionRow>;
  /** Those of an owner, newest first. */
  of(owner: string): SessionRow[];
  /** Throws NOT_FOUND, also for somebody else's. */
  need(id: string, owner: string): SessionRow;
  find(id: string): SessionRow | undefined;
  /** A new row, once it is on disk. */
  add(record: SessionRecord): Promise<SessionRow>;
  view(row: SessionRow): SessionView;
  /** Publishes the row unless it looks as it did before. */
  tell(row: SessionRow, by: By | null): void;
  /** Rejects when the disk refuses, and changes nothing then. Old sessions beyond what is kept go with the same write. */
  save(row: SessionRow, changes: Partial<SessionRecord>): Promise<void>;
  /** At once in memory, and on disk as soon as it can be. */
  note(row: SessionRow, changes: Partial<SessionRecord>): Promise<void>;
  remove(row: SessionRow, by: By | null): Promise<void>;
}

type State = NonNullable<SessionMoment['state']>;
const ENDS: ReadonlySet<string> = new Set(['end', 'max_loop', 'error', 'user_stopped']);

/** Where a machine is; null when it has come to its end. */
export const stateOf = (row: SessionRow): State | null => {
  if (row.actor === null) return null;
  const { value } = row.actor.getSnapshot();
  const state = typeof value === 'string' ? value : value.working;
  return ENDS.has(state) ? null : (state as State);
};

/** Merges into what is being written already, so that of two changes at once neither takes the other back. */
const put = (draft: SessionsDocument, record: SessionRecord, changes: Partial<SessionRecord>): void => {
  const place = draft.sessions.findIndex(({ id }) => id === record.id);
  const before = draft.sessions[place];
  if (before === undefined) draft.sessions.push({ ...record, ...changes });
  else draft.sessions[place] = { ...before, ...changes };
};

export const createSessionBook = (options: {
  store: Pick<Document<SessionsDocument>, 'get' | 'update'>;
  hub: Pick<ChangeHub, 'publish'>;
  /** How many ended sessions of an owner are kept. */
  keep(): number;
  /** What belongs to it may go. */
  onDropped(id: string): void;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}): SessionBook => {
  const { store, hub, log, now } = options;
  const rows = new Map<string, SessionRow>();

  const enter = (record: SessionRecord): SessionRow => {
    const row: SessionRow = {
      ...{ record, actor: null, gone: new AbortController(), doing: null, waitsFor: null, facts: null },
      ...{ sights: [], visits: new Map(), told: '' },
    };
    rows.set(record.id, row);
    return row;
  };
  const of = (owner: string): SessionRow[] =>
    [...rows.values()]
      .filter(({ record }) => record.owner === owner)
      .toSorted((a, b) => b.record.createdAt - a.record.createdAt);

  const surplusOf = (record: SessionRecord): SessionRow[] =>
    of(record.owner)
      .filter((row) => row.record.id !== record.id && row.actor === null && sessionHasEnded(row.record.status))
      .slice(options.keep());
  const drop = (row: SessionRow, by: By | null): void => {
    const { id, owner } = row.record;
    if (!rows.delete(id)) return;
    options.onDropped(id);
    hub.publish({ kind: 'session.removed', id, owner, by });
  };
  const write = async (record: SessionRecord, changes: Partial<SessionRecord>): Promise<void> => {
    const surplus = surplusOf(record);
    const leaving = new Set(surplus.map((row) => row.record.id));
    await store.update((draft) => {
      draft.sessions = draft.sessions.filter(({ id }) => !leaving.has(id));
      put(draft, record, changes);
    });
    for (const row of surplus) drop(row, null);
  };

  const book: SessionBook = {
    rows,
    of,
    need(id, owner) {
      const row = rows.get(id);
      if (row?.record.owner !== owner)
        throw new CodedError(
          'NOT_FOUND',
          `There is no session ${id.slice(0, 64)}; \`llamactor sessions\` lists yours.`,
        );
      return row;
    },
    find: (id) => rows.get(id),
    async add(record) {
      await write(record, {});
      return enter(record);
    },
    view(row) {
      const state = stateOf(row);
      if (state === null || row.actor === null) return sessionView(row.record, NO_MOMENT);
      const { approvalId } = row.actor.getSnapshot().context;
      return sessionView(row.record, { state, approvalId, doing: row.doing, waitsFor: row.waitsFor });
    },
    tell(row, by) {
      if (!rows.has(row.record.id)) return;
      const session = book.view(row);
      const text = JSON.stringify({ ...session, updatedAt: 0 });
      if (text === row.told) return;
      row.told = text;
      hub.publish({ kind: 'session', session, owner: row.record.owner, by });
    },
    async save(row, changes) {
      const dated = { ...changes, updatedAt: now() };
      await write(row.record, dated);
      row.record = { ...row.record, ...dated };
    },
    async note(row, changes) {
      const dated = { ...changes, updatedAt: now() };
      row.record = { ...row.record, ...dated };
      if (!rows.has(row.record.id)) return;
      await write(row.record, dated).catch((error: unknown) =>
        log('error', 'server', `A session could not be noted: ${String(error)}`),
      );
    },
    async remove(row, by) {
      const { id } = row.record;
      await store.update((draft) => {
        draft.sessions = draft.sessions.filter((record) => record.id !== id);
      });
      drop(row, by);
    },
  };
  for (const record of store.get().sessions) enter(record);
  return book;
};
