/** What is kept of questions to a person. */
import { z } from 'zod';
import { APPROVAL_ANSWERS, APPROVAL_STATES, AUDIT_ACTS } from './approvals.ts';

const text = z.string();

export const ApprovalRecord = z.object({
  id: text,
  /** Whose question it is: a user's, or that of everybody who operates this server. */
  owner: text,
  title: text,
  reason: text,
  preview: text.nullable(),
  picture: text.nullable().default(null),
  asker: text,
  /** False when a part of this server waits for the answer, and so ends with it. */
  outlives: z.boolean(),
  session: text.nullable(),
  rule: text.nullable(),
  createdAt: z.number(),
  timeoutAt: z.number(),
  status: z.enum(APPROVAL_STATES),
  decidedAt: z.number().nullable(),
  decidedBy: text.nullable(),
  answer: z.enum(APPROVAL_ANSWERS).nullable(),
  why: text.nullable(),
});
export type ApprovalRecord = z.output<typeof ApprovalRecord>;

export const AllowanceRecord = z.object({
  id: text,
  owner: text,
  session: text,
  rule: text,
  title: text,
  grantedBy: text,
  grantedAt: z.number(),
});
export type AllowanceRecord = z.output<typeof AllowanceRecord>;

export const ApprovalsDocument = z.object({
  approvals: z.array(ApprovalRecord),
  allowances: z.array(AllowanceRecord),
});
export type ApprovalsDocument = z.output<typeof ApprovalsDocument>;

export const AuditRecord = z.object({
  id: text,
  owner: text,
  at: z.number(),
  act: z.enum(AUDIT_ACTS),
  who: text.nullable(),
  subject: text,
  title: text,
  session: text.nullable(),
  answer: z.enum(APPROVAL_ANSWERS).nullable(),
  why: text.nullable(),
});
export type AuditRecord = z.output<typeof AuditRecord>;
