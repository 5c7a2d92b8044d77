/** What of the audit log is shown. Pure. */
import { AUDIT_ACTS } from '../../../src/contracts/approvals.ts';
import type { AuditEntryView } from '../../../src/contracts/approvals.ts';

export interface AuditFilter {
  /** Words that each have to be in the title, the reason, the person or the session. */
  text: string;
  act: AuditEntryView['act'] | null;
  session: string | null;
}

export const isAct = (text: string | undefined): text is AuditEntryView['act'] =>
  AUDIT_ACTS.some((act) => act === text);

export const filterEntries = (
  entries: readonly AuditEntryView[],
  { text, act, session }: AuditFilter,
  /** Titles of sessions by their ids. */
  titles: ReadonlyMap<string, string>,
): readonly AuditEntryView[] => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter((entry) => {
    if (act !== null && entry.act !== act) return false;
    if (session !== null && entry.session !== session) return false;
    const name = entry.session === null ? '' : `${entry.session} ${titles.get(entry.session) ?? ''}`;
    const all = [entry.title, entry.why ?? '', entry.who ?? 'nobody', name].join(' ').toLowerCase();
    return words.every((word) => all.includes(word));
  });
};
