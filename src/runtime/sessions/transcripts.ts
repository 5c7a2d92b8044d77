/** The transcripts of sessions. An entry is on disk before anybody is told of it; one told again takes the place of the first. */
import { SessionEntry } from '../../contracts/session-record.ts';
import type { SessionEntryView } from '../../contracts/sessions.ts';
import type { AppendLog } from '../../io/channels/append-log.ts';
import type { SessionFiles } from '../../io/sessions/session-files.ts';

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** An entry without its number and time. */
export type NewEntry = Without<SessionEntryView, 'seq' | 'at'>;

export interface Transcript {
  /** In the order of their numbers. */
  entries(): SessionEntryView[];
  /** The number after the last. */
  next(): number;
  find(seq: number): SessionEntryView | undefined;
  /** Resolves when it is on disk; `seq` puts it in the place of an earlier one. Rejects when the disk refuses. */
  write(entry: NewEntry, seq?: number): Promise<SessionEntryView>;
  close(): Promise<void>;
}

export interface Transcripts {
  of(id: string): Promise<Transcript>;
  /** Resolves when nothing of it is open any more. */
  forget(id: string): Promise<void>;
  close(): Promise<void>;
}

const read = (lines: readonly string[]): Map<number, SessionEntryView> => {
  const entries = new Map<number, SessionEntryView>();
  for (const line of lines) {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      continue;
    }
    const { data } = SessionEntry.safeParse(value);
    if (data !== undefined) entries.set(data.seq, data);
  }
  return entries;
};

const open = (
  { log, lines }: { log: AppendLog; lines: string[] },
  now: () => number,
  onWritten: (entry: SessionEntryView, next: number) => void,
): Transcript => {
  const entries = read(lines);
  let next = Math.max(-1, ...entries.keys()) + 1;
  return {
    entries: () => [...entries.values()].toSorted((a, b) => a.seq - b.seq),
    next: () => next,
    find: (seq) => entries.get(seq),
    async write(wanted, seq) {
      const number = seq ?? next;
      if (seq === undefined) next += 1;
      const entry = { ...wanted, seq: number, at: entries.get(number)?.at ?? now() };
      await log.append(JSON.stringify(entry), () => {
        entries.set(number, entry);
        onWritten(entry, next);
      });
      return entry;
    },
    close: () => log.close(),
  };
};

export const createTranscripts = (options: {
  files: Pick<SessionFiles, 'openTranscript'>;
  now(): number;
  /** Called when it is on disk, in order. */
  onWritten(id: string, entry: SessionEntryView, next: number): void;
}): Transcripts => {
  const all = new Map<string, Promise<Transcript>>();
  const forget = async (id: string): Promise<void> => {
    const transcript = all.get(id);
    all.delete(id);
    await transcript?.then(
      (opened) => opened.close(),
      () => undefined,
    );
  };
  return {
    of(id) {
      const known = all.get(id);
      if (known !== undefined) return known;
      const opened = options.files
        .openTranscript(id)
        .then((file) => open(file, options.now, (entry, next) => options.onWritten(id, entry, next)));
      all.set(id, opened);
      // What could not be opened is tried again.
      opened.catch(() => all.delete(id));
      return opened;
    },
    forget,
    async close() {
      await Promise.all([...all.keys()].map(forget));
    },
  };
};
