import type { Services } from '../commands/services.ts';
import type { Settings } from '../contracts/config.ts';
import type { LogBook } from '../io/logs/log-book.ts';
import type { ChangeHub } from './changes.ts';

export const createLogService = (book: LogBook, hub: ChangeHub): Services['logs'] => ({
  query: ({ limit, offset, level, match, source }) =>
    book.ring({ limit, offset, ...(level && { level }), ...(match && { match }), ...(source && { source }) }),
  clear(by) {
    const cleared = book.clear();
    hub.publish({ kind: 'logs.cleared', cleared, by });
    return cleared;
  },
  write: (level, source, message) => book.write(level, source, message),
});

export const applyLogSettings = (book: LogBook, { logLevel, maxLogEntries, enableConsoleLog }: Settings): void => {
  book.setLevel(logLevel);
  book.setRingSize(maxLogEntries);
  book.setConsole(enableConsoleLog);
};
