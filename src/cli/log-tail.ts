import type { LlamactorClient } from '../client/index.ts';
import { logEntryOf } from '../contracts/log-stream.ts';
import { LOG_LEVELS } from '../contracts/views.ts';
import type { LogEntryView, LogLevel } from '../contracts/views.ts';

export interface LogFilter {
  /** The least level; null for all. */
  level: LogLevel | null;
  source: string | null;
}

const rank = (level: LogLevel): number => LOG_LEVELS.indexOf(level);
/** A note about lines that were left out carries the id of the last of them. */
const numeric = (id: string): number => Number.parseInt(id, 10);

/** The newest `count` entries, oldest first. The server filters by one exact level, a person means "this and worse". */
export const tailOfLog = async (client: LlamactorClient, filter: LogFilter, count: number): Promise<LogEntryView[]> => {
  const least = filter.level;
  const levels = least === null ? [null] : LOG_LEVELS.slice(rank(least));
  const source = filter.source === null ? {} : { source: filter.source };
  const parts = await Promise.all(
    levels.map((level) => client.call('logs:get', { limit: count, ...source, ...(level === null ? {} : { level }) })),
  );
  return parts
    .flatMap((part) => part.logs)
    .sort((a, b) => a.timestamp - b.timestamp || numeric(a.id) - numeric(b.id))
    .slice(-count);
};

/**
 * Follows the log: first the newest `count` entries, then each that comes, and after a lost connection what was missed.
 * Returns a function that catches up on a new connection.
 */
export const followLog = async (
  client: LlamactorClient,
  filter: LogFilter,
  count: number,
  print: (entry: LogEntryView) => void,
): Promise<() => Promise<void>> => {
  const cursor = createLogCursor(filter, print);
  const wanted = {
    ...(filter.level === null ? {} : { level: filter.level }),
    ...(filter.source === null ? {} : { category: filter.source }),
  };
  const catchUp = (history: number): Promise<void> =>
    cursor.catchUp(async () => (await client.call('logs:subscribe', { ...wanted, history })).logs.toReversed());
  client.onDirect('log_update', (update) => cursor.add(logEntryOf(update)));
  await catchUp(count);
  return () => catchUp(MOST);
};

/** The most that one answer holds. */
const MOST = 1000;

export interface LogCursor {
  /** A live entry; printed at once, or after the catching up that is under way. */
  add(entry: LogEntryView): void;
  /** Reads stored entries and prints those that were not printed yet. */
  catchUp(read: () => Promise<LogEntryView[]>): Promise<void>;
}

/**
 * Joins the stored tail and the live stream. An entry is new when its id or its time lies beyond the last printed one: ids rise
 * within one server process, and time tells a restarted server, whose ids begin again, from a repetition.
 */
export const createLogCursor = (filter: LogFilter, print: (entry: LogEntryView) => void): LogCursor => {
  let last: { id: number; timestamp: number } = { id: -1, timestamp: Number.NEGATIVE_INFINITY };
  const held: LogEntryView[] = [];
  let catchingUp = 0;
  const show = (entry: LogEntryView): void => {
    const isNote = entry.id.includes('-');
    if (!isNote && filter.source !== null && entry.source !== filter.source) return;
    if (!isNote && filter.level !== null && rank(entry.level) < rank(filter.level)) return;
    const id = numeric(entry.id);
    if (id <= last.id && entry.timestamp <= last.timestamp) return;
    last = { id, timestamp: Math.max(last.timestamp, entry.timestamp) };
    print(entry);
  };
  return {
    add: (entry) => {
      if (catchingUp === 0) show(entry);
      else held.push(entry);
    },
    catchUp: async (read) => {
      catchingUp += 1;
      try {
        for (const entry of await read()) show(entry);
      } finally {
        catchingUp -= 1;
        if (catchingUp === 0) for (const entry of held.splice(0)) show(entry);
      }
    },
  };
};
