/** The rows of all questions to a person, and what is kept of them on disk. */
import type { ActorRefFrom } from 'xstate';
import type { approvalMachine } from '../../../machines/approval.machine.ts';
import type { By } from '../../commands/services.ts';
import type { AllowanceRecord, ApprovalRecord, ApprovalsDocument } from '../../contracts/approval-record.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { Document } from '../../io/store/document.ts';

export interface ApprovalRow {
  record: ApprovalRecord;
  /** Null before the question is on disk, and when it is settled. */
  actor: ActorRefFrom<typeof approvalMachine> | null;
  /** Whose calls are under way, by their request ids. */
  callers: Map<string, By>;
  /** Called when it is settled and everybody was told. */
  waiters: Set<() => void>;
}

export interface ApprovalBook {
  rows: ReadonlyMap<string, ApprovalRow>;
  /** Those of an owner, newest first. */
  of(owner: string): ApprovalRow[];
  pending(): ApprovalRow[];
  /** Throws NOT_FOUND, also for somebody else's: their ids are nobody's business. */
  need(id: string, owner: string): ApprovalRow;
  /** Adds a row once it is on disk. Rejects when the disk refuses. */
  add(record: ApprovalRecord): Promise<ApprovalRow>;
  /** Old settled rows beyond what is kept go with the same write. */
  save(row: ApprovalRow, record: ApprovalRecord, grants: AllowanceRecord | null): Promise<void>;
  allowances(owner: string): readonly AllowanceRecord[];
  /** Throws NOT_FOUND. */
  revoke(id: string, owner: string): Promise<AllowanceRecord>;
}

const MOST_SETTLED = 500;
const MOST_ALLOWANCES = 500;

export const createApprovalBook = (store: Pick<Document<ApprovalsDocument>, 'get' | 'update'>): ApprovalBook => {
  const rows = new Map<string, ApprovalRow>();
  const put = (record: ApprovalRecord): ApprovalRow => {
    const row: ApprovalRow = { record, actor: null, callers: new Map(), waiters: new Set() };
    rows.set(record.id, row);
    return row;
  };
  for (const record of store.get().approvals) put(record);

  const write = async (record: ApprovalRecord, grants: AllowanceRecord | null): Promise<void> => {
    await store.update((draft) => {
      const others = draft.approvals.filter(({ id }) => id !== record.id);
      const settled = others.filter(({ status }) => status !== 'pending');
      const surplus = new Set(settled.slice(0, Math.max(0, settled.length - MOST_SETTLED)).map(({ id }) => id));
      draft.approvals = [...others.filter(({ id }) => !surplus.has(id)), record];
      if (grants !== null) draft.allowances = [...draft.allowances, grants].slice(-MOST_ALLOWANCES);
    });
    const kept = new Set(store.get().approvals.map(({ id }) => id));
    for (const [id, row] of rows) if (!kept.has(id) && row.record.status !== 'pending') rows.delete(id);
  };

  const of = (owner: string): ApprovalRow[] =>
    [...rows.values()]
      .filter(({ record }) => record.owner === owner)
      .toSorted((a, b) => b.record.createdAt - a.record.createdAt);

  return {
    rows,
    of,
    pending: () => [...rows.values()].filter(({ record }) => record.status === 'pending'),
    need(id, owner) {
      const row = rows.get(id);
      if (row?.record.owner !== owner)
        throw new CodedError('NOT_FOUND', `There is no approval request ${JSON.stringify(id.slice(0, 128))}.`);
      return row;
    },
    async add(record) {
      await write(record, null);
      return put(record);
    },
    async save(row, record, grants) {
      await write(record, grants);
      row.record = record;
    },
    allowances: (owner) => store.get().allowances.filter((allowance) => allowance.owner === owner),
    async revoke(id, owner) {
      const found = store.get().allowances.find((allowance) => allowance.id === id && allowance.owner === owner);
      if (found === undefined) throw new CodedError('NOT_FOUND', `There is no allowance ${JSON.stringify(id)}.`);
      await store.update((draft) => {
        draft.allowances = draft.allowances.filter((allowance) => allowance.id !== id);
      });
      return found;
    },
  };
};
