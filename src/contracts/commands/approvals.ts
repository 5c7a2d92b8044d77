/** `approvals:*` and `audit:*`: questions to a person. Users see only their own; everybody else shares those of the server. */
import { z } from 'zod';
import { APPROVAL_ANSWERS } from '../approvals.ts';
import type { AllowanceView, ApprovalView, AuditEntryView } from '../approvals.ts';
import { returns } from './define.ts';

const id = z.string().trim().min(1).max(128);
const line = z.string().trim().min(1).max(200);
const why = z.string().trim().max(2000).default('');

/** An hour, unless whoever asks says otherwise. */
export const APPROVAL_TIMEOUT_MS = 3_600_000;

export const newApproval = z
  .object({
    title: line,
    reason: why,
    preview: z.string().max(20_000).nullable().default(null),
    session: line.nullable().default(null),
    rule: line.nullable().default(null),
    timeoutMs: z.int().min(1000).max(604_800_000).default(APPROVAL_TIMEOUT_MS),
  })
  .refine(({ rule, session }) => rule === null || session !== null, {
    message: 'a rule holds for a session; name one',
    path: ['rule'],
  });

export const approvalsCommands = {
  'approvals:request': returns<{ approval: ApprovalView }>()(
    'operate',
    newApproval,
    'Asks a person; answers as soon as the question is on disk. It stays through a restart, until its deadline.',
  ),
  'approvals:list': returns<{ approvals: ApprovalView[]; allowances: AllowanceView[] }>()(
    'observe',
    z.object({ limit: z.int().min(1).max(500).default(50) }),
    'What waits for an answer, then what was settled last; newest first.',
  ),
  'approvals:wait': returns<{ approval: ApprovalView }>()(
    'observe',
    z.object({ id, waitMs: z.int().min(0).max(25_000).default(25_000) }),
    'Answers when the question is settled, or as it is after `waitMs`.',
  ),
  'approvals:approve': returns<{ approval: ApprovalView }>()(
    'operate',
    z.object({ id, answer: z.enum(APPROVAL_ANSWERS).default('once'), reason: why }),
    'Lets it be done; with `always` also every like question of its session, now and later.',
  ),
  'approvals:reject': returns<{ approval: ApprovalView }>()(
    'operate',
    z.object({ id, reason: why }),
    'Refuses it, and with it what else its session is asking; whoever asked is told the reason.',
  ),
  'approvals:cancel': returns<{ approval: ApprovalView }>()('operate', z.object({ id }), 'Takes a question back.'),
  'approvals:revoke': returns<{ revoked: string }>()(
    'operate',
    z.object({ id }),
    'Ends an allowance that an answer of `always` has given; the next like question is asked again.',
  ),
  'audit:list': returns<{ entries: AuditEntryView[]; more: boolean }>()(
    'observe',
    z.object({ limit: z.int().min(1).max(500).default(100), before: id.optional() }),
    'Who asked, who decided, when and why; newest first. `before` is the id of the entry to go on after.',
  ),
} as const;
