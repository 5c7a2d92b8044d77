/** The real queue of questions to a person over a document and an audit log in memory. */
import type { DomainChange } from '../../src/commands/services.ts';
import { CodedError } from '../../src/contracts/errors.ts';
import { ApprovalsDocument } from '../../src/contracts/approval-record.ts';
import type { AuditRecord } from '../../src/contracts/approval-record.ts';
import { createApprovals } from '../../src/runtime/approvals/approvals.ts';
import type { Approvals } from '../../src/runtime/approvals/approvals.ts';
import type { Audit } from '../../src/runtime/approvals/audit.ts';

export interface MemoryApprovals {
  service: Approvals;
  /** What would be on disk now. */
  stored(): ApprovalsDocument;
  /** The next write fails with this. */
  refuseNext(message: string): void;
  audited: AuditRecord[];
}

const memoryAudit = (entries: AuditRecord[]): Audit => ({
  add: (entry) => {
    entries.push({ id: `a${entries.length}`, ...entry });
    return new Promise((resolve) => void setImmediate(resolve));
  },
  list: (owner, limit, before) => {
    const own = entries.filter((entry) => entry.owner === owner).toReversed();
    if (before !== undefined && !own.some(({ id }) => id === before))
      throw new CodedError('NOT_FOUND', 'It is not kept.');
    return { entries: own.slice(0, limit).map(({ owner: _, ...entry }) => entry), more: own.length > limit };
  },
  knowsEndOf: (subject) => entries.some((entry) => entry.subject === subject && entry.act !== 'asked'),
  close: () => Promise.resolve(),
});

/** @param initial what an earlier server left */
export const createMemoryApprovals = (
  publish: (change: DomainChange) => void,
  initial: ApprovalsDocument = { approvals: [], allowances: [] },
): MemoryApprovals => {
  let document = structuredClone(initial);
  let made = 0;
  let refusal: string | null = null;
  const audited: AuditRecord[] = [];
  const service = createApprovals({
    store: {
      get: () => document,
      update: async (recipe) => {
        await new Promise<void>((resolve) => void setImmediate(resolve));
        if (refusal !== null) {
          const message = refusal;
          refusal = null;
          throw new Error(message);
        }
        const draft = structuredClone(document);
        document = ApprovalsDocument.parse(recipe(draft) ?? draft);
      },
    },
    audit: memoryAudit(audited),
    hub: { publish },
    log: () => undefined,
    now: Date.now,
    newId: () => `approval-${(made += 1)}`,
  });
  return {
    service,
    stored: () => document,
    refuseNext: (message) => void (refusal = message),
    audited,
  };
};
