/** A session's record and what its machine says now, as clients see it. Pure. */
import type { SessionRecord } from '../contracts/session-record.ts';
import type { SessionStatus, SessionView } from '../contracts/sessions.ts';

/** What a record does not say. */
export interface SessionMoment {
  /** Where its machine is; null when it has none. */
  state:
    | 'opening'
    | 'thinking'
    | 'judging'
    | 'recording'
    | 'acting'
    | 'turning'
    | 'asking'
    | 'questioning'
    | 'paused'
    | 'byHand'
    | 'closing'
    | null;
  approvalId: string | null;
  /** What the step under way does, in words. */
  doing: string | null;
  /** What it waits for, in words: a free browser, the model. */
  waitsFor: string | null;
}

export const NO_MOMENT: SessionMoment = { state: null, approvalId: null, doing: null, waitsFor: null };

const statusOf = ({ status, startedAt }: SessionRecord, { state, approvalId }: SessionMoment): SessionStatus => {
  if (state === null) return status;
  if (approvalId !== null || state === 'asking' || state === 'questioning') return 'call_user';
  if (state === 'paused' || state === 'byHand') return 'pause';
  return state === 'opening' && startedAt === null ? 'init' : 'running';
};

const messageOf = (record: SessionRecord, { state, approvalId, doing, waitsFor }: SessionMoment): string => {
  if (state === null) return record.message;
  if (approvalId !== null) return `A person is asked: ${doing ?? 'may it go on?'}`;
  switch (state) {
    case 'opening':
      return waitsFor ?? 'The browser is being opened.';
    case 'thinking':
      return waitsFor ?? 'The model thinks about the next step.';
    case 'asking':
      return `A person is asked: ${doing ?? 'may it go on?'}`;
    case 'questioning':
      return record.question?.text ?? 'The model asks a question.';
    case 'paused':
      return 'It is paused.';
    case 'byHand':
      return 'A person has the browser in hand.';
    case 'closing':
      return 'It comes to its end.';
    default:
      return doing ?? 'It works.';
  }
};

export const sessionView = (record: SessionRecord, moment: SessionMoment): SessionView => {
  const {
    owner: _owner,
    viewport: _viewport,
    locale: _locale,
    startUrl: _startUrl,
    sites: _sites,
    pausing: _pausing,
    question,
    ...shown
  } = record;
  return {
    ...shown,
    status: statusOf(record, moment),
    message: messageOf(record, moment),
    byHand: moment.state === 'byHand',
    question: question?.text ?? null,
    approvalId: moment.approvalId,
  };
};
