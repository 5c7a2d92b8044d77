/** The queue of questions to a person, over a document in memory that can refuse. */
import { describe, expect, it, vi } from 'vitest';
import type { ApprovalCaller, ApprovalWish, DomainChange } from '../../src/commands/services.ts';
import type { ApprovalRecord } from '../../src/contracts/approval-record.ts';
import { newApproval } from '../../src/contracts/commands/approvals.ts';
import { createMemoryApprovals } from '../support/memory-approvals.ts';

const ana: ApprovalCaller = { owner: 'shared', who: 'Ana', by: 'a:1' };
const wish = (over: Partial<ApprovalWish> & { title: string }): ApprovalWish => newApproval.parse(over);
const start = (initial?: Parameters<typeof createMemoryApprovals>[1]) => {
  const changes: DomainChange[] = [];
  const memory = createMemoryApprovals((change) => changes.push(change), initial);
  const told = (): string[] =>
    changes.flatMap((change) =>
      change.kind === 'approval' ? [`${change.approval.title} ${change.approval.status}`] : [],
    );
  return { ...memory, queue: memory.service, told, changes };
};
const inSession = (title: string, rule: string | null = null): ApprovalWish => wish({ title, session: 's', rule });

describe('an answer', () => {
  it('is on disk and in the audit log before it is acknowledged', async () => {
    const { queue, stored, audited } = start();
    const asked = await queue.request(wish({ title: 'Pay', reason: 'The cart is full.' }), ana);
    expect(stored().approvals).toMatchObject([{ id: asked.id, status: 'pending' }]);
    await queue.approve(asked.id, 'once', 'It is cheap.', ana);
    expect(stored().approvals).toMatchObject([{ status: 'approved', decidedBy: 'Ana', why: 'It is cheap.' }]);
    expect(audited).toMatchObject([
      { act: 'asked', who: 'Ana', subject: asked.id, why: 'The cart is full.' },
      { act: 'approved', who: 'Ana', subject: asked.id, why: 'It is cheap.' },
    ]);
  });

  it('can be given from the moment on that the question shows', async () => {
    const { queue, audited } = start();
    const asking = queue.request(wish({ title: 'Pay' }), ana);
    await vi.waitFor(() => expect(queue.list('shared', 1)).toHaveLength(1), { interval: 0 });
    const [shown] = queue.list('shared', 1);
    expect(await queue.approve(shown?.id ?? '', 'once', '', ana)).toMatchObject({ status: 'approved' });
    await asking;
    expect(audited.map(({ act }) => act)).toEqual(['asked', 'approved']);
  });

  it('that the disk refuses does not count, and can be given again', async () => {
    const { queue, refuseNext, stored, told } = start();
    const { id } = await queue.request(wish({ title: 'Pay' }), ana);
    refuseNext('The disk is full.');
    await expect(queue.approve(id, 'once', '', ana)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('disk is full') as string,
    });
    expect(stored().approvals).toMatchObject([{ status: 'pending' }]);
    await queue.reject(id, 'No.', ana);
    expect(told()).toEqual(['Pay pending', 'Pay rejected']);
  });

  it('counts once: of two at the same moment one is told that it came too late', async () => {
    const { queue, stored } = start();
    const { id } = await queue.request(wish({ title: 'Pay' }), ana);
    const answers = await Promise.allSettled([
      queue.approve(id, 'once', '', ana),
      queue.reject(id, '', { ...ana, who: 'Ben' }),
    ]);
    expect(answers).toMatchObject([
      { status: 'fulfilled', value: { status: 'approved' } },
      {
        status: 'rejected',
        reason: { code: 'INVALID_STATE', message: expect.stringContaining('approved already by Ana') as string },
      },
    ]);
    expect(stored().approvals).toMatchObject([{ status: 'approved' }]);
  });

  it('is for its owner only', async () => {
    const { queue } = start();
    const { id } = await queue.request(wish({ title: 'Pay' }), { ...ana, owner: 'user:ana' });
    await expect(queue.approve(id, 'once', '', ana)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(queue.list('shared', 10)).toEqual([]);
    expect(queue.audit('shared', 10).entries).toEqual([]);
  });
});

describe('a session', () => {
  it('a no settles what else it asks, with the reason, and nobody else’s', async () => {
    const { queue } = start();
    const [first, second] = [await queue.request(inSession('Pay'), ana), await queue.request(inSession('Ship'), ana)];
    const other = await queue.request(wish({ title: 'Elsewhere', session: 't' }), ana);
    await queue.reject(first.id, 'Too dear.', ana);
    expect(await queue.wait(second.id, 'shared', 5000)).toMatchObject({
      status: 'rejected',
      why: 'Rejected together with "Pay": Too dear.',
    });
    expect(await queue.wait(other.id, 'shared', 0)).toMatchObject({ status: 'pending' });
  });

  it('always: what is like it is allowed now and later, until that is revoked', async () => {
    const { queue, stored } = start();
    const first = await queue.request(inSession('Write a', 'write'), ana);
    const second = await queue.request(inSession('Write b', 'write'), ana);
    const unlike = await queue.request(inSession('Delete c', 'delete'), ana);
    await queue.approve(first.id, 'always', '', ana);
    expect(await queue.wait(second.id, 'shared', 5000)).toMatchObject({ status: 'approved' });
    expect(await queue.wait(unlike.id, 'shared', 0)).toMatchObject({ status: 'pending' });
    expect(await queue.request(inSession('Write d', 'write'), ana)).toMatchObject({
      status: 'approved',
      answer: 'always',
    });
    expect(await queue.request(wish({ title: 'Write e', session: 't', rule: 'write' }), ana)).toMatchObject({
      status: 'pending',
    });
    const [allowance] = stored().allowances;
    expect(allowance).toMatchObject({ session: 's', rule: 'write', grantedBy: 'Ana' });
    await queue.revoke(allowance?.id ?? '', ana);
    expect(await queue.request(inSession('Write f', 'write'), ana)).toMatchObject({ status: 'pending' });
  });

  it('always needs a rule to hold for', async () => {
    const { queue } = start();
    const { id } = await queue.request(inSession('Pay'), ana);
    await expect(queue.approve(id, 'always', '', ana)).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    expect(await queue.wait(id, 'shared', 0)).toMatchObject({ status: 'pending' });
  });
});

describe('a part of the server that asks', () => {
  const asking = { owner: 'shared', asker: 'the agent Ada' };

  it('hears yes, or no with the reason', async () => {
    const { queue } = start();
    const yes = queue.ask(wish({ title: 'Write' }), asking);
    const no = queue.ask(wish({ title: 'Delete' }), asking);
    await expect.poll(() => queue.list('shared', 0)).toHaveLength(2);
    for (const { id, title } of queue.list('shared', 0)) {
      if (title === 'Write') await queue.approve(id, 'once', '', ana);
      else await queue.reject(id, 'Keep it.', ana);
    }
    expect(await yes).toEqual({ allowed: true, why: null });
    expect(await no).toEqual({ allowed: false, why: 'Keep it.' });
  });

  it('takes its question back when it is cancelled or the server stops', async () => {
    const { queue, stored } = start();
    const gone = new AbortController();
    const first = queue.ask(wish({ title: 'Write' }), { ...asking, signal: gone.signal });
    await expect.poll(() => queue.list('shared', 0)).toHaveLength(1);
    gone.abort();
    expect(await first).toMatchObject({ allowed: false });
    const second = queue.ask(wish({ title: 'Delete' }), asking);
    await expect.poll(() => queue.list('shared', 0)).toHaveLength(1);
    queue.drain();
    expect(await second).toEqual({ allowed: false, why: 'The server is stopping.' });
    expect(stored().approvals.map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
    await expect(queue.ask(wish({ title: 'More' }), asking)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });
});

describe('after a restart', () => {
  const left = (over: Partial<ApprovalRecord>): ApprovalRecord => ({
    ...{
      id: 'x',
      owner: 'shared',
      title: 'Pay',
      reason: '',
      preview: null,
      picture: null,
      asker: 'Ana',
      outlives: true,
    },
    ...{ session: null, rule: null, createdAt: 0, timeoutAt: Date.now() + 60_000, status: 'pending' },
    ...{ decidedAt: null, decidedBy: null, answer: null, why: null },
    ...over,
  });

  it('a question from outside waits on, one that is overdue timed out, and one of the server’s own has lost its asker', async () => {
    const { queue } = start({
      approvals: [left({}), left({ id: 'late', timeoutAt: 1000 }), left({ id: 'own', outlives: false })],
      allowances: [],
    });
    await queue.begin();
    expect(await queue.wait('own', 'shared', 5000)).toMatchObject({
      status: 'cancelled',
      why: expect.stringContaining('restarted') as string,
    });
    expect(await queue.wait('late', 'shared', 5000)).toMatchObject({ status: 'timed_out', decidedAt: 1000 });
    expect(await queue.approve('x', 'once', '', ana)).toMatchObject({ status: 'approved' });
  });

  it('an answer whose audit line was cut off by the crash gets it', async () => {
    const { queue, audited } = start({
      approvals: [left({ status: 'approved', decidedAt: 5, decidedBy: 'Ana', answer: 'once' })],
      allowances: [],
    });
    await queue.begin();
    expect(audited).toMatchObject([{ act: 'approved', at: 5, who: 'Ana', subject: 'x' }]);
  });
});

it('too many at once are refused', async () => {
  const { queue } = start();
  for (let n = 0; n < 200; n += 1) await queue.request(wish({ title: `Question ${n}` }), ana);
  await expect(queue.request(wish({ title: 'One more' }), ana)).rejects.toMatchObject({ code: 'QUEUE_FULL' });
});
