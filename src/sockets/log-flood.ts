/** Keeps a flood of log lines from drowning clients: so many per second, then one entry that says how many were left out. */
import type { LogEntryView } from '../contracts/views.ts';

const MOST_PER_SECOND = 200;
const WINDOW_MS = 1000;

export interface LogFlood {
  push(entry: LogEntryView): void;
  close(): void;
}

/** `emit` gets at most 200 entries per second and one summary after each second that had more. */
export const createLogFlood = (emit: (entry: LogEntryView) => void): LogFlood => {
  let sent = 0;
  let skipped = 0;
  let lastSkipped: LogEntryView | null = null;
  let window: NodeJS.Timeout | null = null;

  const endWindow = (): void => {
    window = null;
    const left = lastSkipped;
    const count = skipped;
    sent = 0;
    skipped = 0;
    lastSkipped = null;
    if (left === null) return;
    emit({
      id: `${left.id}-skipped`,
      timestamp: left.timestamp,
      level: 'warn',
      message: `${count} ${count === 1 ? 'line' : 'lines'} skipped`,
      source: 'server',
    });
  };

  return {
    push: (entry) => {
      window ??= setTimeout(endWindow, WINDOW_MS).unref();
      if (sent < MOST_PER_SECOND) {
        sent += 1;
        emit(entry);
      } else {
        skipped += 1;
        lastSkipped = entry;
      }
    },
    close: () => {
      if (window !== null) clearTimeout(window);
      window = null;
    },
  };
};
