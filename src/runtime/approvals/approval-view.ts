import type { AllowanceRecord, ApprovalRecord } from '../../contracts/approval-record.ts';
import type { AllowanceView, ApprovalView } from '../../contracts/approvals.ts';

export const approvalView = ({ owner: _, outlives: __, ...view }: ApprovalRecord): ApprovalView => view;

export const allowanceView = ({ owner: _, ...view }: AllowanceRecord): AllowanceView => view;
