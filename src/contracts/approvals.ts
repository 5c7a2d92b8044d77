/** Questions to a person, and the record of what was answered. Times are epoch ms. */

/** Whose questions are those that are no user's: whoever comes with a key or from this machine shares them. */
export const SHARED_OWNER = 'shared';

export const APPROVAL_STATES = ['pending', 'approved', 'rejected', 'timed_out', 'cancelled'] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];
export const APPROVAL_ANSWERS = ['once', 'always'] as const;
export type ApprovalAnswer = (typeof APPROVAL_ANSWERS)[number];

export interface ApprovalView {
  id: string;
  title: string;
  /** Why it is asked; empty when nobody said. */
  reason: string;
  /** What exactly would be done, as text. */
  preview: string | null;
  /** Path on this server of a picture of it; null when there is none. */
  picture: string | null;
  status: ApprovalState;
  /** Who asks: the person, key or agent. */
  asker: string;
  /** Questions of one session are settled together. */
  session: string | null;
  /** What "always" covers in its session; null when it can only be answered once. */
  rule: string | null;
  createdAt: number;
  timeoutAt: number;
  decidedAt: number | null;
  /** Null when nobody decided. */
  decidedBy: string | null;
  answer: ApprovalAnswer | null;
  /** Why it was decided so. */
  why: string | null;
}

/** "Always" as it was answered once; it holds for its session until it is revoked. */
export interface AllowanceView {
  id: string;
  session: string;
  rule: string;
  /** Of the question it answered. */
  title: string;
  grantedBy: string;
  grantedAt: number;
}

export const AUDIT_ACTS = ['asked', 'approved', 'rejected', 'timed_out', 'cancelled', 'revoked'] as const;

/** One line of the audit log. */
export interface AuditEntryView {
  id: string;
  at: number;
  /** What happened. */
  act: (typeof AUDIT_ACTS)[number];
  /** Who did it; null when time did. */
  who: string | null;
  /** The question, or the allowance that was revoked. */
  subject: string;
  title: string;
  session: string | null;
  answer: ApprovalAnswer | null;
  why: string | null;
}

/** A question in the words of seed 002. */
export interface HumanLayerRequest {
  id: string;
  title: string;
  reason: string;
  status: ApprovalState;
  timestamp: number;
  timeoutAt: number;
  preview: string | null;
  picture: string | null;
  session: string | null;
}

export const humanLayerRequest = (approval: ApprovalView): HumanLayerRequest => {
  const { id, title, reason, status, createdAt, timeoutAt, preview, picture, session } = approval;
  return { id, title, reason, status, timestamp: createdAt, timeoutAt, preview, picture, session };
};
