import { LOG_LEVELS, type LogEntryView, type LogLevel } from '../../contracts/views.ts';
import { createLogFile } from './log-file.ts';
import { redact as redactText } from './redact.ts';
import { createRing } from './ring.ts';

export interface LogFilter {
  /** Most entries to return; all by default. */
  limit?: number;
  /** Matching entries to skip, counted from the newest. */
  offset?: number;
  level?: LogLevel;
  /** Whether `level` means just that level (the default) or that level and the more serious ones. */
  match?: 'exact' | 'minimum';
  source?: string;
  /** Part of the message, in any case. */
  text?: string;
  /** Entries at or after this time, epoch ms. */
  since?: number;
}

export interface LogBookOptions {
  /** Folder of the files `llamactor.jsonl`, `llamactor.1.jsonl`, … */
  dir: string;
  /** Entries kept in memory. */
  ringSize: number;
  /** Least level that is kept at all. */
  level: LogLevel;
  /** Whether entries are also printed. */
  console: boolean;
  maxFileBytes?: number;
  maxFiles?: number;
  now?: () => number;
  /** Prints one line, without its line end; by default to standard error. */
  print?: (line: string) => void;
  /** Applied to every message before it is kept anywhere. */
  redact?: (text: string) => string;
  /** Time between two attempts while the disk refuses, ms; 5 s by default. */
  retryMs?: number;
}

export type LogSubscriber = (entry: LogEntryView) => void;

export interface LogBook {
  /** Never throws and never waits. Entries below the level are dropped. `at` is epoch ms, by default now. */
  write(level: LogLevel, source: string, message: string, at?: number): void;
  /** Matching entries in memory, newest first. */
  ring(filter?: LogFilter): LogEntryView[];
  /**
   * Calls `fn` for every new entry, at once. A subscriber that throws is named in the log once and keeps being called.
   * An entry written while subscribers are being called is kept like any other but announced to nobody, so a subscriber
   * that logs cannot cause an endless loop. (One that logs later, from a timer or promise, can; a transport must not log
   * its own sending of entries.)
   */
  subscribe(fn: LogSubscriber): () => void;
  /** Empties the memory and returns how many entries it held. The files stay. */
  clear(): number;
  setLevel(level: LogLevel): void;
  setRingSize(size: number): void;
  setConsole(on: boolean): void;
  /** Resolves when everything written so far is in the file, or given up because the disk refuses. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** An engine may print a megabyte on one line; nobody reads it and every viewer would carry it. */
const MAX_MESSAGE = 8_192;

const rank = (level: LogLevel): number => LOG_LEVELS.indexOf(level);

const shorten = (message: string): string =>
  message.length <= MAX_MESSAGE
    ? message
    : `${message.slice(0, MAX_MESSAGE)}… (${message.length - MAX_MESSAGE} more characters)`;

/** Control characters in an engine's output must not reach the person's terminal as commands. */
const consoleLine = (entry: LogEntryView): string =>
  `${new Date(entry.timestamp).toISOString()} ${entry.level.toUpperCase().padEnd(5)} ${entry.source}: ${entry.message}`.replaceAll(
    /\p{Cc}+/gu,
    ' ',
  );

const printToStderr = (line: string): void => {
  // A terminal that has gone away must not end the server: without a listener a failed write would.
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => undefined);
  process.stderr.write(`${line}\n`);
};

const matcher = (filter: LogFilter): ((entry: LogEntryView) => boolean) => {
  const { level, match = 'exact', source, since } = filter;
  const text = filter.text?.toLowerCase();
  return (entry) =>
    (level === undefined || (match === 'exact' ? entry.level === level : rank(entry.level) >= rank(level))) &&
    (source === undefined || entry.source === source) &&
    (since === undefined || entry.timestamp >= since) &&
    (text === undefined || entry.message.toLowerCase().includes(text));
};

/** The server's log: a bounded memory for the views, live subscribers, and rotating files. Trouble with the files never reaches the writer. */
export const createLogBook = (options: LogBookOptions): LogBook => {
  const now = options.now ?? Date.now;
  const redact = options.redact ?? redactText;
  const print = options.print ?? printToStderr;
  const entries = createRing<LogEntryView>(options.ringSize);
  const subscribers = new Set<LogSubscriber>();
  const complainedOf = new WeakSet<LogSubscriber>();
  let level = options.level;
  let toConsole = options.console;
  let announcing = false;
  // Begins at the present time in microseconds, so that ids also increase from one start of the server to the next.
  let lastId = now() * 1_000;

  const file = createLogFile({
    dir: options.dir,
    name: 'llamactor',
    maxFileBytes: options.maxFileBytes ?? 10 * 1024 * 1024,
    maxFiles: options.maxFiles ?? 5,
    ...(options.retryMs === undefined ? {} : { retryMs: options.retryMs }),
    onTrouble: (error, lostLines) => {
      if (error)
        write('error', 'server', `The log files cannot be written (${error.message}); the log goes on in memory only.`);
      else write('warn', 'server', `The log files can be written again; ${lostLines} lines are missing in them.`);
    },
  });

  const announce = (entry: LogEntryView): void => {
    if (announcing) return;
    announcing = true;
    try {
      for (const subscriber of [...subscribers]) {
        try {
          subscriber(entry);
        } catch (error) {
          if (complainedOf.has(subscriber)) continue;
          complainedOf.add(subscriber);
          write(
            'error',
            'server',
            `A reader of the log failed: ${error instanceof Error ? error.message : String(error)}`,
          );
        }
      }
    } finally {
      announcing = false;
    }
  };

  const write = (entryLevel: LogLevel, source: string, message: string, at = now()): void => {
    if (rank(entryLevel) < rank(level)) return;
    lastId += 1;
    const entry: LogEntryView = Object.freeze({
      id: String(lastId),
      timestamp: at,
      level: entryLevel,
      message: redact(shorten(message)),
      source,
    });
    entries.push(entry);
    file.append(JSON.stringify(entry));
    if (toConsole) {
      try {
        print(consoleLine(entry));
      } catch {
        toConsole = false;
      }
    }
    announce(entry);
  };

  const ring = (filter: LogFilter = {}): LogEntryView[] => {
    const { limit = Number.POSITIVE_INFINITY, offset = 0 } = filter;
    const matches = matcher(filter);
    const found: LogEntryView[] = [];
    let skipped = 0;
    for (const entry of entries.newestFirst()) {
      if (found.length >= limit) break;
      if (!matches(entry)) continue;
      if (skipped < offset) skipped += 1;
      else found.push(entry);
    }
    return found;
  };

  return {
    write,
    ring,
    subscribe: (fn) => {
      subscribers.add(fn);
      return () => subscribers.delete(fn);
    },
    clear: () => entries.clear(),
    setLevel: (wanted) => {
      level = wanted;
    },
    setRingSize: (size) => entries.resize(size),
    setConsole: (on) => {
      toConsole = on;
    },
    flush: file.flush,
    close: file.close,
  };
};
