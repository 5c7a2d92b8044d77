/** The log for readers at the inference port: entries go over the router's channel only while it asks for them. */
import type { LogEntryView } from '../contracts/views.ts';
import type { LogBook } from '../io/logs/log-book.ts';
import type { RouterLink } from '../io/router-link.ts';

const BATCH_MS = 100;
/** An engine that floods its log must not fill the channel: what is beyond this in one batch is only counted. */
const BATCH_ENTRIES = 500;

export const followLog = (link: Pick<RouterLink, 'send' | 'onMessage'>, book: Pick<LogBook, 'subscribe'>): void => {
  let unsubscribe: (() => void) | null = null;
  let entries: LogEntryView[] = [];
  let dropped = 0;
  let due: NodeJS.Timeout | null = null;

  const flush = (): void => {
    due = null;
    link.send({ type: 'logs', entries, dropped });
    entries = [];
    dropped = 0;
  };

  const stop = (): void => {
    unsubscribe?.();
    unsubscribe = null;
    if (due) clearTimeout(due);
    due = null;
    entries = [];
    dropped = 0;
  };

  const take = (entry: LogEntryView): void => {
    if (entries.length < BATCH_ENTRIES) entries.push(entry);
    else dropped += 1;
    due ??= setTimeout(flush, BATCH_MS);
  };

  link.onMessage((message) => {
    // A router that has just started follows nothing, whatever the one before it did.
    if (message.type === 'listening') stop();
    else if (message.type !== 'logs.follow') return;
    else if (!message.on) stop();
    else unsubscribe ??= book.subscribe(take);
  });
};
