/**
 * `log_update` for those who follow the log. Each reader has a small queue; what a reader cannot take, or the server cannot
 * send without being slowed down, is left out and counted. Nothing in here may log: that would feed the log with itself.
 */
import type { Socket } from 'socket.io';
import { logUpdate, passesLog } from '../../contracts/log-stream.ts';
import type { LogStreamFilter } from '../../contracts/log-stream.ts';
import type { LogEntryView } from '../../contracts/views.ts';
import { keptOf } from './kept.ts';

export interface LogStream {
  /** Begins after the entry with the id `after`, or with the next one; a second call changes the filter. */
  follow(socket: Socket, filter: LogStreamFilter, after: string | null): void;
  end(socket: Socket): void;
  /** Its connection is gone; what it follows is kept in case it comes back. */
  leave(socket: Socket): void;
  /** A recovered socket goes on after the last entry it was sent; `missed` are the entries of late, oldest first. */
  resume(socket: Socket, missed: readonly LogEntryView[]): void;
  isFollowing(socket: Socket): boolean;
  push(entry: LogEntryView): void;
  close(): void;
}

interface Reader {
  filter: LogStreamFilter;
  /** Entries up to this id are in its history. */
  after: number;
  queue: LogEntryView[];
  skipped: number;
  /** The newest entry that was left out. */
  lastSkipped: LogEntryView | null;
}

const TICK_MS = 50;
/** Entries that all readers together are sent in a tick, and one reader at most. */
const MOST_PER_TICK = 200;
const MOST_PER_READER = 50;

const newReader = (filter: LogStreamFilter, after: number): Reader => ({
  filter,
  after,
  queue: [],
  skipped: 0,
  lastSkipped: null,
});

const summary = ({ skipped, lastSkipped }: Reader): LogEntryView | null =>
  lastSkipped === null
    ? null
    : {
        id: `${lastSkipped.id}-skipped`,
        timestamp: lastSkipped.timestamp,
        level: 'warn',
        source: 'server',
        message: `${skipped} ${skipped === 1 ? 'line' : 'lines'} skipped`,
      };

export const createLogStream = (): LogStream => {
  const readers = new Map<Socket, Reader>();
  let timer: NodeJS.Timeout | null = null;

  const send = (socket: Socket, entry: LogEntryView): void => {
    const update = logUpdate(entry);
    const { log } = keptOf(socket);
    if (log !== undefined) log.last = update.id;
    socket.emit('log_update', update);
    // The older clients' name and form for the same.
    socket.emit('log_stream', { type: 'log_entry', payload: update });
  };
  const tick = (): void => {
    timer = null;
    let waiting = false;
    for (const [socket, reader] of readers) {
      if (reader.queue.length === 0 && reader.skipped === 0) continue;
      // Its connection has not taken what it was sent before.
      if (!socket.conn.transport.writable) {
        waiting = true;
        continue;
      }
      for (const entry of reader.queue) send(socket, entry);
      const left = summary(reader);
      if (left !== null) send(socket, left);
      Object.assign(reader, { queue: [], skipped: 0, lastSkipped: null });
    }
    if (waiting) schedule();
  };
  const schedule = (): void => {
    timer ??= setTimeout(tick, TICK_MS).unref();
  };

  const take = (reader: Reader, entry: LogEntryView, id: number, most: number): void => {
    if (id <= reader.after || !passesLog(reader.filter, entry)) return;
    // Once a line is left out, the following ones are as well, so that the summary stands where they are missing.
    if (reader.queue.length < most && reader.skipped === 0) reader.queue.push(entry);
    else {
      reader.skipped += 1;
      reader.lastSkipped = entry;
    }
  };

  return {
    follow(socket, filter, after) {
      const known = readers.get(socket);
      keptOf(socket).log = { filter, last: after ?? keptOf(socket).log?.last ?? null };
      if (known === undefined) {
        readers.set(socket, newReader(filter, Number(after ?? 0)));
        return;
      }
      known.filter = filter;
      if (after !== null) Object.assign(known, { after: Number(after), queue: [], skipped: 0, lastSkipped: null });
    },
    end(socket) {
      readers.delete(socket);
      delete keptOf(socket).log;
    },
    leave: (socket) => void readers.delete(socket),
    resume(socket, missed) {
      const { log } = keptOf(socket);
      if (log === undefined) return;
      const reader = newReader(log.filter, Number.parseInt(log.last ?? '0', 10));
      readers.set(socket, reader);
      for (const entry of missed) take(reader, entry, Number(entry.id), MOST_PER_READER);
      schedule();
    },
    isFollowing: (socket) => readers.has(socket),
    push(entry) {
      if (readers.size === 0) return;
      const most = Math.min(MOST_PER_READER, Math.max(1, Math.floor(MOST_PER_TICK / readers.size)));
      const id = Number(entry.id);
      for (const reader of readers.values()) take(reader, entry, id, most);
      schedule();
    },
    close: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      readers.clear();
    },
  };
};
