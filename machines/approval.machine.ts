/**
 * One question to a person: may this be done? Exactly one verdict ends it. What a person answers counts only once it is on disk, so
 * that nothing is done on an answer that a restart would forget.
 */
import { assign, fromCallback, setup } from 'xstate';
import type { EventObject } from 'xstate';

export type ApprovalOutcome = 'approved' | 'rejected' | 'timed_out' | 'cancelled';
/** For this one request, or for every like one of its session. */
export type ApprovalAnswer = 'once' | 'always';

export interface ApprovalVerdict {
  outcome: ApprovalOutcome;
  answer: ApprovalAnswer | null;
  /** Why, in one sentence; null when nobody said. */
  why: string | null;
  /** Who decided; null when nobody did. */
  who: string | null;
  /** The call that brought it; null when none did. */
  requestId: string | null;
  at: number;
}

interface Call {
  requestId: string;
  who: string;
  at: number;
}

export type ApprovalCommand =
  | ({ type: 'approval.approve'; answer: ApprovalAnswer; why: string | null } & Call)
  | ({ type: 'approval.reject'; why: string | null } & Call)
  /** Whoever asked does not want to know any more. */
  | { type: 'approval.cancel'; why: string; who: string | null; requestId: string | null; at: number };

export type ApprovalFact =
  | { type: 'verdict.recorded' }
  /** The disk refused. */
  | { type: 'verdict.refused'; message: string; at: number };

export type ApprovalEvent = ApprovalCommand | ApprovalFact;

export interface ApprovalInput {
  id: string;
  /** Epoch ms at which this begins. */
  at: number;
  timeoutAt: number;
}

export interface ApprovalContext {
  id: string;
  timeoutAt: number;
  remainingMs: number;
  verdict: ApprovalVerdict | null;
  /** A verdict that could not be kept, so that it does not count; whose call it was is told. */
  refused: { requestId: string; message: string } | null;
}

const until = (timeoutAt: number, now: number): number => Math.max(0, timeoutAt - now);

const LATE = 'Nobody answered in time.';

const verdictOf = (event: ApprovalEvent): ApprovalVerdict | null => {
  switch (event.type) {
    case 'approval.approve':
      return { outcome: 'approved', ...pick(event), answer: event.answer };
    case 'approval.reject':
      return { outcome: 'rejected', ...pick(event), answer: null };
    case 'approval.cancel':
      return { outcome: 'cancelled', ...pick(event), answer: null };
    default:
      return null;
  }
};
const pick = ({ why, who, requestId, at }: ApprovalCommand): Omit<ApprovalVerdict, 'outcome' | 'answer'> => ({
  why,
  who,
  requestId,
  at,
});

export const approvalMachine = setup({
  types: { context: {} as ApprovalContext, events: {} as ApprovalEvent, input: {} as ApprovalInput },
  actors: {
    /** Writes the verdict down; reports one `verdict.*` fact. */
    recordVerdict: fromCallback<EventObject, { id: string; verdict: ApprovalVerdict | null }>(() => undefined),
  },
  actions: {
    noteVerdict: assign(({ event }) => ({ verdict: verdictOf(event), refused: null })),
    noteLate: assign(({ context }) => ({
      verdict: {
        outcome: 'timed_out' as const,
        answer: null,
        why: LATE,
        who: null,
        requestId: null,
        at: context.timeoutAt,
      },
    })),
    /** The answer does not count; what is left of its time goes on from now. */
    takeBack: assign(({ context, event }) => {
      if (event.type !== 'verdict.refused') return {};
      const { requestId = null } = context.verdict ?? {};
      return {
        verdict: null,
        refused: requestId === null ? null : { requestId, message: event.message },
        remainingMs: until(context.timeoutAt, event.at),
      };
    }),
  },
  guards: {
    isApproved: ({ context }) => context.verdict?.outcome === 'approved',
    isRejected: ({ context }) => context.verdict?.outcome === 'rejected',
    isCancelled: ({ context }) => context.verdict?.outcome === 'cancelled',
    isTimedOut: ({ context }) => context.verdict?.outcome === 'timed_out',
  },
  delays: { deadline: ({ context }) => context.remainingMs },
}).createMachine({
  id: 'approval',
  description: 'One question to a person: may this be done?',
  options: { maxIterations: 100 },
  context: ({ input: { id, at, timeoutAt } }) => ({
    id,
    timeoutAt,
    remainingMs: until(timeoutAt, at),
    verdict: null,
    refused: null,
  }),
  initial: 'pending',
  states: {
    pending: {
      description: 'Waits for a person, until its deadline.',
      on: {
        'approval.approve': { target: 'recording', actions: 'noteVerdict' },
        'approval.reject': { target: 'recording', actions: 'noteVerdict' },
        'approval.cancel': { target: 'recording', actions: 'noteVerdict' },
      },
      after: { deadline: { target: 'recording', actions: 'noteLate' } },
    },
    recording: {
      description: 'The verdict is being written down; the first one counts.',
      invoke: {
        src: 'recordVerdict',
        id: 'record',
        input: ({ context: { id, verdict } }) => ({ id, verdict }),
      },
      on: {
        'verdict.recorded': [
          { guard: 'isApproved', target: 'approved' },
          { guard: 'isRejected', target: 'rejected' },
          { guard: 'isTimedOut', target: 'timed_out' },
          { target: 'cancelled' },
        ],
        'verdict.refused': [
          // Nobody was promised anything, and after a restart it would end the same way.
          { guard: 'isTimedOut', target: 'timed_out' },
          { guard: 'isCancelled', target: 'cancelled' },
          { target: 'pending', actions: 'takeBack' },
        ],
      },
    },
    approved: { type: 'final', description: 'It may be done.' },
    rejected: { type: 'final', description: 'It may not be done; whoever asked is told why.' },
    timed_out: { type: 'final', description: 'Nobody answered in time, which is no.' },
    cancelled: { type: 'final', description: 'Whoever asked has gone.' },
  },
});
