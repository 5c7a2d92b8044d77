/** Fetches what the server remembers of its log, then follows it; a reconnection fills the gap. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { LogEntryView } from '../../../src/contracts/views.ts';
import type { LogUpdate } from '../../../src/contracts/log-stream.ts';
import type { BroadcastData } from '../../../src/contracts/events.ts';
import type { App } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { isLogLevel, mergeLines, MOST_LINES } from './log-lines.ts';

export interface LogStore {
  /** Oldest first. */
  lines: Accessor<readonly LogEntryView[]>;
  /** The first fetch is under way. */
  loading: Accessor<boolean>;
  problem: Accessor<string | null>;
  again: () => void;
}

/** The most one answer holds. */
const PAGE = 1000;

export const entryOf = ({ entry }: BroadcastData['logs:entry']): LogEntryView => ({
  id: entry.id,
  timestamp: Date.parse(entry.timestamp),
  level: isLogLevel(entry.level) ? entry.level : 'info',
  message: entry.message,
  source: entry.context.source,
});

const lineOf = ({ id, timestamp, level, category, message }: LogUpdate): LogEntryView => ({
  id,
  timestamp: Date.parse(timestamp),
  level,
  message,
  source: category,
});

export const createLogStore = (app: Pick<App, 'client' | 'live'>): LogStore => {
  const [lines, setLines] = createSignal<readonly LogEntryView[]>([]);
  const [loading, setLoading] = createSignal(true);
  const [problem, setProblem] = createSignal<string | null>(null);
  let waiting: LogEntryView[] = [];
  let frame = 0;

  const fetchAll = async (): Promise<void> => {
    // The stream begins where this first page ends, so that nothing falls between them.
    const { logs: newest } = await app.client.request('logs:subscribe', { history: PAGE });
    setLines((held) => mergeLines(held, newest));
    if (newest.length < PAGE) return;
    for (let offset = PAGE; offset < MOST_LINES; offset += PAGE) {
      const { logs } = await app.client.request('logs:get', { limit: PAGE, offset });
      setLines((held) => mergeLines(held, logs));
      if (logs.length < PAGE) return;
    }
  };
  const again = (): void => {
    setProblem(null);
    fetchAll()
      .catch((error: unknown) => setProblem(messageOf(error)))
      .finally(() => setLoading(false));
  };
  createEffect(
    on(
      () => app.live.connection().connected,
      (connected) => {
        if (connected) again();
      },
    ),
  );
  const ends = [
    app.client.onDirect('log_update', (update) => {
      // A chatty engine sends a thousand lines a second; the page is drawn once a frame.
      waiting.push(lineOf(update));
      // No frame comes while the tab is hidden.
      if (waiting.length > 2 * MOST_LINES) waiting = waiting.slice(-MOST_LINES);
      if (frame !== 0) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        const fresh = waiting;
        waiting = [];
        setLines((held) => mergeLines(held, fresh));
      });
    }),
    app.client.on('logs:cleared', () => {
      waiting = [];
      setLines([]);
    }),
  ];
  onCleanup(() => {
    cancelAnimationFrame(frame);
    for (const end of ends) end();
    if (app.live.connection().connected)
      app.client.request('logs:unsubscribe', {}).catch(() => {
        // The connection is gone, and the subscription with it.
      });
  });
  return { lines, loading, problem, again };
};
