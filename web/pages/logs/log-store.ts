/** Fetches what the server remembers of its log, then follows it; a reconnection fills the gap. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { LogEntryView } from '../../../src/contracts/views.ts';
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

export const createLogStore = (app: Pick<App, 'client' | 'live'>): LogStore => {
  const [lines, setLines] = createSignal<readonly LogEntryView[]>([]);
  const [loading, setLoading] = createSignal(true);
  const [problem, setProblem] = createSignal<string | null>(null);
  let waiting: LogEntryView[] = [];
  let frame = 0;

  const fetchAll = async (): Promise<void> => {
    for (let offset = 0; offset < MOST_LINES; offset += PAGE) {
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
    app.client.on('logs:entry', (data) => {
      // A chatty engine sends a thousand lines a second; the page is drawn once a frame.
      waiting.push(entryOf(data));
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
  });
  return { lines, loading, problem, again };
};
