import { createActor, fromCallback } from 'xstate';
import type { EventObject } from 'xstate';
import { describe, expect, it } from 'vitest';
import { approvalMachine } from '../../machines/approval.machine.ts';
import type { ApprovalEvent, ApprovalFact, ApprovalVerdict } from '../../machines/approval.machine.ts';
import { clock } from './support/live.ts';
import { delay, testTable } from './support/table.ts';

const approve: ApprovalEvent = {
  type: 'approval.approve',
  answer: 'once',
  why: null,
  requestId: 'q1',
  who: 'Ana',
  at: 10,
};
const reject: ApprovalEvent = { type: 'approval.reject', why: 'Too dear.', requestId: 'q2', who: 'Ben', at: 10 };
const cancel: ApprovalEvent = { type: 'approval.cancel', why: 'Gone.', who: null, requestId: null, at: 10 };
const recorded: ApprovalEvent = { type: 'verdict.recorded' };
const refused: ApprovalEvent = { type: 'verdict.refused', message: 'The disk is full.', at: 20 };
const deadline = delay(approvalMachine, 'deadline');

describe('the table', () => {
  const still = { approve: undefined, reject: undefined, cancel: undefined, deadline: undefined };
  const over = { ...still, recorded: undefined, refused: undefined };
  testTable({
    machine: approvalMachine,
    input: { id: 'a', at: 0, timeoutAt: 1000 },
    events: { approve, reject, cancel, deadline, recorded, refused },
    situations: {
      pending: { state: 'pending', by: [] },
      'pending again': { state: 'pending', by: [approve, refused] },
      approving: { state: 'recording', by: [approve] },
      rejecting: { state: 'recording', by: [reject] },
      cancelling: { state: 'recording', by: [cancel] },
      late: { state: 'recording', by: [deadline] },
      approved: { state: 'approved', by: [approve, recorded] },
      rejected: { state: 'rejected', by: [reject, recorded] },
      timed_out: { state: 'timed_out', by: [deadline, recorded] },
      cancelled: { state: 'cancelled', by: [cancel, recorded] },
    },
    table: {
      pending: {
        ...{ approve: 'recording', reject: 'recording', cancel: 'recording', deadline: 'recording' },
        ...{ recorded: undefined, refused: undefined },
      },
      'pending again': {
        ...{ approve: 'recording', reject: 'recording', cancel: 'recording', deadline: 'recording' },
        ...{ recorded: undefined, refused: undefined },
      },
      approving: { ...still, recorded: 'approved', refused: 'pending' },
      rejecting: { ...still, recorded: 'rejected', refused: 'pending' },
      cancelling: { ...still, recorded: 'cancelled', refused: 'cancelled' },
      late: { ...still, recorded: 'timed_out', refused: 'timed_out' },
      approved: over,
      rejected: over,
      timed_out: over,
      cancelled: over,
    },
  });
});

describe('live', () => {
  const start = () => {
    const simulated = clock();
    const verdicts: (ApprovalVerdict | null)[] = [];
    let tell: (fact: ApprovalFact) => void = () => undefined;
    const recordVerdict = fromCallback<EventObject, { id: string; verdict: ApprovalVerdict | null }>(
      ({ input, sendBack }) => {
        verdicts.push(input.verdict);
        tell = sendBack;
      },
    );
    const actor = createActor(approvalMachine.provide({ actors: { recordVerdict } }), {
      clock: simulated,
      input: { id: 'a', at: 0, timeoutAt: 1000 },
    }).start();
    return { actor, simulated, verdicts, tell: (fact: ApprovalFact) => tell(fact) };
  };

  it('an answer counts when it is written down, and the first one only', () => {
    const { actor, verdicts, tell } = start();
    actor.send(approve);
    actor.send(reject);
    expect(actor.getSnapshot().value).toBe('recording');
    tell({ type: 'verdict.recorded' });
    expect(actor.getSnapshot()).toMatchObject({ value: 'approved', status: 'done' });
    expect(verdicts).toMatchObject([{ outcome: 'approved', who: 'Ana', answer: 'once' }]);
  });

  it('an answer that could not be written down is taken back, and what was left of the time goes on', () => {
    const { actor, simulated, verdicts, tell } = start();
    actor.send(approve);
    tell({ type: 'verdict.refused', message: 'The disk is full.', at: 400 });
    expect(actor.getSnapshot()).toMatchObject({
      value: 'pending',
      context: { verdict: null, refused: { requestId: 'q1', message: 'The disk is full.' } },
    });
    simulated.increment(599);
    expect(actor.getSnapshot().value).toBe('pending');
    simulated.increment(1);
    expect(verdicts.at(-1)).toMatchObject({ outcome: 'timed_out', at: 1000, who: null });
  });

  it('silence until the deadline is no', () => {
    const { actor, simulated, tell } = start();
    simulated.increment(1000);
    tell({ type: 'verdict.recorded' });
    expect(actor.getSnapshot()).toMatchObject({
      value: 'timed_out',
      context: { verdict: { why: 'Nobody answered in time.' } },
    });
  });
});
