/** The log as the page holds it: merged, bounded, filtered. Pure. */
import { LOG_LEVELS } from '../../../src/contracts/views.ts';
import type { LogEntryView, LogLevel } from '../../../src/contracts/views.ts';
import { withoutAnsi } from './ansi.ts';

/** Lines the page holds; the oldest leave. */
export const MOST_LINES = 10_000;

export interface LogFilter {
  /** This level and the more serious ones. */
  level: LogLevel;
  /** Exactly this source; empty for all. */
  source: string;
  /** Part of the message or the source, in any case. */
  text: string;
}

export const isLogLevel = (value: unknown): value is LogLevel => LOG_LEVELS.some((level) => level === value);

/** Ids are strictly increasing numbers, also over restarts of the server; a note between two lines carries the id of the line before it. */
const idOf = (entry: LogEntryView): number => Number.parseInt(entry.id, 10);
const follows = (a: LogEntryView, b: LogEntryView): number =>
  idOf(a) - idOf(b) || (a.id < b.id ? -1 : Number(a.id > b.id));

/** One list from two, oldest first, each line once, at most `MOST_LINES`. */
export const mergeLines = (held: readonly LogEntryView[], fresh: readonly LogEntryView[]): readonly LogEntryView[] => {
  if (fresh.length === 0) return held;
  const last = held.at(-1);
  const sorted = [...fresh].sort(follows);
  const [first] = sorted;
  // The usual case: newer lines at the end.
  if (last === undefined || (first !== undefined && follows(last, first) < 0))
    return [...held, ...sorted].slice(-MOST_LINES);
  const byId = new Map([...held, ...sorted].map((entry) => [entry.id, entry]));
  return [...byId.values()].sort(follows).slice(-MOST_LINES);
};

export const filterLines = (lines: readonly LogEntryView[], filter: LogFilter): readonly LogEntryView[] => {
  const least = LOG_LEVELS.indexOf(filter.level);
  const text = filter.text.toLowerCase();
  if (least === 0 && filter.source === '' && text === '') return lines;
  return lines.filter(
    (entry) =>
      LOG_LEVELS.indexOf(entry.level) >= least &&
      (filter.source === '' || entry.source === filter.source) &&
      (text === '' || entry.message.toLowerCase().includes(text) || entry.source.toLowerCase().includes(text)),
  );
};

/** Index of the first line at or after `at` (epoch ms), or of the last line when all are older; -1 without lines. */
export const indexAt = (lines: readonly LogEntryView[], at: number): number => {
  const found = lines.findIndex((entry) => entry.timestamp >= at);
  return found === -1 ? lines.length - 1 : found;
};

/** The time of day `text` ("14:05" or "14:05:30") on the newest day of the log on which it lies not after the last line. */
export const momentOf = (text: string, newest: number): number | null => {
  const match = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (match === null) return null;
  const day = new Date(newest);
  day.setHours(Number(match[1]), Number(match[2]), Number(match[3] ?? 0), 0);
  if (day.getTime() > newest) day.setDate(day.getDate() - 1);
  return day.getTime();
};

/** Terminal colours are for terminals: a file gets the words alone. */
export const linesAsText = (lines: readonly LogEntryView[]): string =>
  lines
    .map(
      (entry) =>
        `${new Date(entry.timestamp).toISOString()} ${entry.level.toUpperCase().padEnd(5)} ${entry.source}: ${withoutAnsi(entry.message)}\n`,
    )
    .join('');

export const linesAsJson = (lines: readonly LogEntryView[]): string =>
  `${JSON.stringify(
    lines.map((entry) => ({ ...entry, timestamp: new Date(entry.timestamp).toISOString() })),
    null,
    2,
  )}\n`;
