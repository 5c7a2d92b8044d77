/** The audit log: who asked, who decided, when and why, as JSON lines that are bounded by size. */
import { randomUUID } from 'node:crypto';
import { AuditRecord } from '../../contracts/approval-record.ts';
import type { AuditEntryView } from '../../contracts/approvals.ts';
import { CodedError } from '../../contracts/errors.ts';
import { createLogFile } from '../../io/logs/log-file.ts';
import { readJsonLines } from '../../io/logs/read-lines.ts';

export interface Audit {
  /** Resolves when the line is in the file, or the disk has refused it; then it is only in memory, and the log says so. */
  add(entry: Omit<AuditRecord, 'id'>): Promise<void>;
  /** Newest first. NOT_FOUND when `before` is not kept any more. */
  list(owner: string, limit: number, before?: string): { entries: AuditEntryView[]; more: boolean };
  /** Whether the end of that question is in it. */
  knowsEndOf(subject: string): boolean;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;
const MOST_ENTRIES = 20_000;

export const openAudit = async (options: { folder: string; onProblem(message: string): void }): Promise<Audit> => {
  const { folder, onProblem } = options;
  const file = createLogFile({
    dir: folder,
    name: 'audit',
    maxFileBytes: 4 * MIB,
    maxFiles: 4,
    onTrouble: (error, lost) =>
      onProblem(
        error === null
          ? `The audit log is written again; ${lost} lines are missing in it.`
          : `The audit log cannot be written: ${error.message}`,
      ),
  });
  const read = await readJsonLines(folder, 'audit');
  const entries = read.flatMap((line) => AuditRecord.safeParse(line).data ?? []).slice(-MOST_ENTRIES);
  const ended = new Set(entries.flatMap(({ act, subject }) => (act === 'asked' ? [] : [subject])));

  return {
    async add(wanted) {
      const entry: AuditRecord = { id: randomUUID(), ...wanted };
      entries.push(entry);
      if (entries.length > MOST_ENTRIES) entries.shift();
      if (entry.act !== 'asked') ended.add(entry.subject);
      file.append(JSON.stringify(entry));
      await file.flush();
    },
    list(owner, limit, before) {
      const own = entries.filter((entry) => entry.owner === owner).toReversed();
      const at = before === undefined ? -1 : own.findIndex(({ id }) => id === before);
      if (before !== undefined && at === -1)
        throw new CodedError('NOT_FOUND', 'That entry of the audit log is not kept any more; begin with the newest.');
      const page = own.slice(at + 1, at + 1 + limit);
      return {
        entries: page.map(({ owner: _, ...entry }) => entry),
        more: own.length > at + 1 + page.length,
      };
    },
    knowsEndOf: (subject) => ended.has(subject),
    close: () => file.close(),
  };
};
