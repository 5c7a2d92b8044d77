/**
 * The queue of questions to a person. What waits is an actor, what is settled a record. A question is on disk before anybody is
 * asked, and an answer before it counts.
 */
import { randomUUID } from 'node:crypto';
import { createActor, fromCallback } from 'xstate';
import type { EventObject, SnapshotFrom } from 'xstate';
import { approvalMachine } from '../../../machines/approval.machine.ts';
import type { ApprovalCommand, ApprovalFact, ApprovalVerdict } from '../../../machines/approval.machine.ts';
import type { ApprovalCaller, ApprovalWish, By, Services } from '../../commands/services.ts';
import type { AllowanceRecord, ApprovalRecord, ApprovalsDocument } from '../../contracts/approval-record.ts';
import type { ApprovalView } from '../../contracts/approvals.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { LogLevel } from '../../contracts/views.ts';
import type { Document } from '../../io/store/document.ts';
import type { ChangeHub } from '../changes.ts';
import { createApprovalBook } from './approval-book.ts';
import type { ApprovalRow } from './approval-book.ts';
import { allowanceView, approvalView } from './approval-view.ts';
import type { Audit } from './audit.ts';

export interface ApprovalsOptions {
  store: Pick<Document<ApprovalsDocument>, 'get' | 'update'>;
  audit: Audit;
  hub: Pick<ChangeHub, 'publish'>;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
  newId(): string;
}

export interface AskOptions {
  owner: string;
  /** Who wants it, in words: "the agent Ada". */
  asker: string;
  /** Aborted when nobody wants it any more. */
  signal?: AbortSignal;
  /** Path on this server of a picture of what is asked about. */
  picture?: string | null;
  /** Called when the question is on disk and waits for a person. */
  onAsked?(id: string): void;
}

export interface Answered {
  allowed: boolean;
  /** One sentence for whoever asked; null for a plain yes. */
  why: string | null;
}

export type Approvals = Services['approvals'] & {
  /**
   * For parts of this server: resolves with the answer, which is no when nobody answers in time or the server stops. Rejects when
   * the question cannot be kept.
   */
  ask(wish: ApprovalWish, options: AskOptions): Promise<Answered>;
  /** Goes on with what an earlier server left: questions from outside wait on, those of its own parts have lost their asker. */
  begin(): Promise<void>;
  /** Ends the questions of this server's own parts. */
  drain(): void;
  close(): Promise<void>;
};

type Snapshot = SnapshotFrom<typeof approvalMachine>;

const MOST_PENDING = 200;
const RESTARTED = 'The server was restarted before anybody answered, and what had asked ended with it.';
const STOPPING = 'The server is stopping.';
const GONE = 'Whoever asked has gone.';
const TOGETHER = 'Rejected together with';

const settledBy = (record: ApprovalRecord, verdict: ApprovalVerdict): ApprovalRecord => ({
  ...record,
  status: verdict.outcome,
  decidedAt: verdict.at,
  decidedBy: verdict.who,
  answer: verdict.answer,
  why: verdict.why,
});

const orNull = (text: string): string | null => (text === '' ? null : text);

export const createApprovals = ({ store, audit, hub, log, now, newId }: ApprovalsOptions): Approvals => {
  const book = createApprovalBook(store);
  let stopping = false;
  let closed = false;

  const tell = (row: ApprovalRow, by: By | null): void =>
    hub.publish({ kind: 'approval', approval: approvalView(row.record), owner: row.record.owner, by });

  const auditEnd = ({ owner, id, status, ...record }: ApprovalRecord): Promise<void> =>
    audit.add({
      owner,
      at: record.decidedAt ?? now(),
      act: status === 'pending' ? 'asked' : status,
      who: record.decidedBy,
      subject: id,
      title: record.title,
      session: record.session,
      answer: record.answer,
      why: record.why,
    });

  const allowanceOf = (record: ApprovalRecord, verdict: ApprovalVerdict): AllowanceRecord | null =>
    verdict.answer !== 'always' || record.session === null || record.rule === null
      ? null
      : {
          id: record.id,
          owner: record.owner,
          session: record.session,
          rule: record.rule,
          title: record.title,
          grantedBy: verdict.who ?? 'nobody',
          grantedAt: verdict.at,
        };

  const record = async (row: ApprovalRow, verdict: ApprovalVerdict): Promise<void> => {
    const settled = settledBy(row.record, verdict);
    await book.save(row, settled, allowanceOf(settled, verdict));
    await auditEnd(settled);
  };
  const machine = approvalMachine.provide({
    actors: {
      recordVerdict: fromCallback<EventObject, { id: string; verdict: ApprovalVerdict | null }>(
        ({ input, sendBack }) => {
          const row = book.rows.get(input.id);
          if (row === undefined || input.verdict === null) return;
          record(row, input.verdict).then(
            () => sendBack({ type: 'verdict.recorded' } satisfies ApprovalFact),
            (error: unknown) => {
              const message = error instanceof Error ? error.message : String(error);
              sendBack({ type: 'verdict.refused', message, at: now() } satisfies ApprovalFact);
            },
          );
        },
      ),
    },
  });

  /** Settles what the session of `row` is asking besides: all of it after a no, what is like it after an always. */
  const settleOthers = ({ record: { session, rule, title, owner } }: ApprovalRow, verdict: ApprovalVerdict): void => {
    if (session === null || verdict.who === null) return;
    const rejects = verdict.outcome === 'rejected';
    if (!rejects && verdict.answer !== 'always') return;
    for (const other of book.pending()) {
      if (other.record.session !== session || other.record.owner !== owner) continue;
      const call = { requestId: randomUUID(), who: verdict.who, at: verdict.at };
      if (rejects) {
        const why = `${TOGETHER} ${JSON.stringify(title)}${verdict.why === null ? '.' : `: ${verdict.why}`}`;
        other.actor?.send({ type: 'approval.reject', why, ...call });
      } else if (other.record.rule === rule)
        other.actor?.send({ type: 'approval.approve', answer: 'once', why: 'Allowed for this session.', ...call });
    }
  };

  const finish = (row: ApprovalRow, { context: { verdict } }: Snapshot): void => {
    if (verdict === null || closed) return;
    // The same as what was recorded, except where the disk refused a verdict of nobody's.
    row.record = settledBy(row.record, verdict);
    row.actor = null;
    tell(row, row.callers.get(verdict.requestId ?? '') ?? null);
    for (const waiter of row.waiters) waiter();
    row.waiters.clear();
    settleOthers(row, verdict);
  };

  const spawn = (row: ApprovalRow): void => {
    const { id, timeoutAt } = row.record;
    const actor = createActor(machine, { input: { id, timeoutAt, at: now() } });
    row.actor = actor;
    actor.subscribe({
      next: (snapshot) => {
        if (snapshot.status === 'done') finish(row, snapshot);
      },
      error: (error) => log('error', 'server', `The approval ${id} failed inside: ${String(error)}`),
    });
    actor.start();
  };

  const settled = (row: ApprovalRow): Promise<void> =>
    row.record.status === 'pending' ? new Promise((resolve) => void row.waiters.add(resolve)) : Promise.resolve();

  const settledAlready = ({ record: { status, decidedBy } }: ApprovalRow): CodedError => {
    const words = {
      approved: 'approved',
      rejected: 'rejected',
      timed_out: 'too late',
      cancelled: 'taken back',
      pending: '',
    };
    const who = decidedBy === null ? '' : ` by ${decidedBy}`;
    return new CodedError(
      'INVALID_STATE',
      `This request is ${words[status]} already${who}; it can be answered only once.`,
    );
  };

  /** Hands a call to the machine and waits until its verdict counts. */
  const decide = async (
    row: ApprovalRow,
    event: ApprovalCommand & { requestId: string },
    by: By,
  ): Promise<ApprovalView> => {
    const { actor } = row;
    if (actor === null) throw settledAlready(row);
    row.callers.set(event.requestId, by);
    try {
      await new Promise<void>((resolve, reject) => {
        const { unsubscribe } = actor.subscribe(({ status, context: { refused } }) => {
          if (refused?.requestId === event.requestId) {
            unsubscribe();
            reject(new CodedError('INTERNAL', `The answer could not be kept and does not count: ${refused.message}`));
          } else if (status === 'done') resolve();
        });
        actor.send(event);
      });
    } finally {
      row.callers.delete(event.requestId);
    }
    if (actor.getSnapshot().context.verdict?.requestId !== event.requestId) throw settledAlready(row);
    return approvalView(row.record);
  };

  const put = async (
    { title, reason, preview, session, rule, timeoutMs }: ApprovalWish,
    {
      owner,
      asker,
      outlives,
      picture,
      by,
    }: { owner: string; asker: string; outlives: boolean; picture: string | null; by: By | null },
  ): Promise<ApprovalRow> => {
    if (stopping) throw new CodedError('INVALID_STATE', 'The server is stopping; ask again when it runs.');
    if (book.pending().length >= MOST_PENDING)
      throw new CodedError('QUEUE_FULL', `${MOST_PENDING} requests wait for an answer already; answer some first.`);
    const at = now();
    const granted = book.allowances(owner).find((each) => each.session === session && each.rule === rule);
    const asked: ApprovalRecord = {
      ...{ id: newId(), owner, title, reason, preview, picture, asker, outlives, session, rule },
      ...{ createdAt: at, timeoutAt: at + timeoutMs, status: 'pending', decidedAt: null, decidedBy: null },
      ...{ answer: null, why: null },
    };
    const row = await book.add(
      granted === undefined
        ? asked
        : {
            ...asked,
            ...{ status: 'approved', decidedAt: at, decidedBy: granted.grantedBy, answer: 'always' },
            why: 'Allowed for this session by an earlier answer.',
          },
    );
    // From the moment on that it shows in the list it can be answered.
    if (granted === undefined) spawn(row);
    const line = { owner, subject: asked.id, title, session, answer: null };
    await audit.add({ ...line, at, act: 'asked', who: asker, why: orNull(reason) });
    if (granted !== undefined) await auditEnd(row.record);
    tell(row, by);
    return row;
  };

  const call = ({ who }: ApprovalCaller) => ({ requestId: randomUUID(), who, at: now() });

  return {
    list: (owner, limit) => {
      const all = book.of(owner);
      const waiting = all.filter(({ record: { status } }) => status === 'pending');
      const rest = all.filter(({ record: { status } }) => status !== 'pending').slice(0, limit);
      return [...waiting, ...rest].map((row) => approvalView(row.record));
    },
    allowances: (owner) => book.allowances(owner).map(allowanceView),
    async request(wish, { owner, who, by }) {
      return approvalView((await put(wish, { owner, asker: who, outlives: true, picture: null, by })).record);
    },
    async wait(id, owner, waitMs) {
      const row = book.need(id, owner);
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([
        settled(row),
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, waitMs);
        }),
      ]);
      clearTimeout(timer);
      return approvalView(row.record);
    },
    async approve(id, answer, why, caller) {
      const row = book.need(id, caller.owner);
      if (answer === 'always' && row.record.rule === null)
        throw new CodedError('INVALID_PAYLOAD', 'This request names no rule, so it can be allowed only once.');
      return decide(row, { type: 'approval.approve', answer, why: orNull(why), ...call(caller) }, caller.by);
    },
    async reject(id, why, caller) {
      const row = book.need(id, caller.owner);
      return decide(row, { type: 'approval.reject', why: orNull(why), ...call(caller) }, caller.by);
    },
    async cancel(id, caller) {
      const row = book.need(id, caller.owner);
      return decide(row, { type: 'approval.cancel', why: `Taken back by ${caller.who}.`, ...call(caller) }, caller.by);
    },
    async revoke(id, { owner, who }) {
      const { title, session } = await book.revoke(id, owner);
      await audit.add({ owner, at: now(), act: 'revoked', who, subject: id, title, session, answer: null, why: null });
    },
    audit: audit.list,
    async ask(wish, { owner, asker, signal, picture = null, onAsked }) {
      const row = await put(wish, { owner, asker, outlives: false, picture, by: null });
      if (row.record.status === 'pending') onAsked?.(row.record.id);
      const leave = (): void =>
        row.actor?.send({ type: 'approval.cancel', why: GONE, who: null, requestId: null, at: now() });
      if (signal?.aborted === true) leave();
      signal?.addEventListener('abort', leave, { once: true });
      await settled(row);
      signal?.removeEventListener('abort', leave);
      return { allowed: row.record.status === 'approved', why: row.record.why };
    },
    async begin() {
      for (const row of book.rows.values()) {
        if (row.record.status !== 'pending') {
          // A crash may have come between the answer and its line.
          if (!audit.knowsEndOf(row.record.id)) await auditEnd(row.record);
          continue;
        }
        spawn(row);
        if (!row.record.outlives)
          row.actor?.send({ type: 'approval.cancel', why: RESTARTED, who: null, requestId: null, at: now() });
      }
    },
    drain() {
      stopping = true;
      for (const { record: row, actor } of book.pending())
        if (!row.outlives)
          actor?.send({ type: 'approval.cancel', why: STOPPING, who: null, requestId: null, at: now() });
    },
    async close() {
      closed = true;
      for (const { actor } of book.rows.values()) actor?.stop();
      await audit.close();
    },
  };
};
