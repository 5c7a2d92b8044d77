/** What happened in one session, entry by entry, as it happens. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { SessionEntryView } from '../../../src/contracts/sessions.ts';
import type { App } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { withEntry } from './session-words.ts';

export interface Transcript {
  entries: Accessor<readonly SessionEntryView[]>;
  /** All that was there has come. */
  ready: Accessor<boolean>;
  problem: Accessor<string | null>;
  again: () => void;
}

const PAGE = 500;

/** Lives as long as its owner; `id` does not change. */
export const createTranscript = ({ client, live }: Pick<App, 'client' | 'live'>, id: string): Transcript => {
  const [entries, setEntries] = createSignal<readonly SessionEntryView[]>([]);
  const [ready, setReady] = createSignal(false);
  const [problem, setProblem] = createSignal<string | null>(null);
  let gone = false;
  let asked = 0;
  /** What was told while the pages were on their way: it is newer than they are. */
  let during: SessionEntryView[] = [];

  const fetchAll = async (): Promise<void> => {
    const mine = (asked += 1);
    const isStale = (): boolean => gone || mine !== asked;
    during = [];
    let all: readonly SessionEntryView[] = [];
    for (let from = 0, more = true; more;) {
      const page = await client.request('sessions:transcript', { id, from, limit: PAGE });
      if (isStale()) return;
      all = [...all, ...page.entries];
      ({ next: from, more } = page);
    }
    setEntries(during.reduce(withEntry, all));
    setProblem(null);
    setReady(true);
  };
  const again = (): void => {
    fetchAll().catch((error: unknown) => {
      if (!gone && live.connection().connected) setProblem(messageOf(error));
    });
  };
  createEffect(
    on(
      () => live.connection().connected,
      (connected) => {
        if (connected) again();
      },
    ),
  );
  const end = client.on('sessions:entry', ({ sessionId, entry }) => {
    if (sessionId !== id) return;
    during.push(entry);
    setEntries((held) => withEntry(held, entry));
  });
  onCleanup(() => {
    gone = true;
    end();
  });
  return { entries, ready, problem, again };
};
