/** The finished requests that a filter keeps: fetched page by page, then followed. */
import { createEffect, createMemo, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { ActivityView } from '../../../src/contracts/activity.ts';
import type { App } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { keeps } from './request-words.ts';
import type { RequestFilter } from './request-words.ts';

export interface RequestStore {
  /** Newest first. */
  rows: Accessor<readonly ActivityView[]>;
  /** The server has older ones. */
  more: Accessor<boolean>;
  loading: Accessor<boolean>;
  problem: Accessor<string | null>;
  /** Fetches the next older ones. */
  older: () => void;
  again: () => void;
}

const PAGE = 200;

/** Puts `arrived` (oldest first) in front of `held` (newest first), each once. */
export const withArrived = (
  held: readonly ActivityView[],
  arrived: readonly ActivityView[],
): readonly ActivityView[] => {
  const known = new Set(held.map(({ id }) => id));
  const fresh = arrived.filter(({ id }) => !known.has(id));
  return fresh.length === 0 ? held : [...fresh.toReversed(), ...held];
};

export const createRequestStore = (
  app: Pick<App, 'client' | 'live'>,
  filter: Accessor<RequestFilter>,
): RequestStore => {
  const [rows, setRows] = createSignal<readonly ActivityView[]>([]);
  const [more, setMore] = createSignal(false);
  const [loading, setLoading] = createSignal(true);
  const [problem, setProblem] = createSignal<string | null>(null);
  /** Number of the latest question: the answer to an earlier one, for another filter, comes too late. */
  let asked = 0;

  const fetchPage = async (before?: string): Promise<void> => {
    asked += 1;
    const mine = asked;
    const { outcome, model, key } = filter();
    setLoading(true);
    try {
      const page = await app.client.request('activity:list', {
        limit: PAGE,
        ...(before === undefined ? {} : { before }),
        ...(outcome === 'all' ? {} : { status: outcome }),
        ...(model === '' ? {} : { model }),
        ...(key === '' ? {} : { key }),
      });
      if (mine !== asked) return;
      setRows((held) => (before === undefined ? page.requests : [...held, ...page.requests]));
      setMore(page.more);
      setProblem(null);
    } catch (error) {
      if (mine === asked) setProblem(messageOf(error));
    } finally {
      if (mine === asked) setLoading(false);
    }
  };

  // The connection tells more than this, and none of the rest is a reason to ask again.
  const isConnected = createMemo(() => app.live.connection().connected);
  createEffect(
    on([isConnected, filter], ([connected]) => {
      if (connected) void fetchPage();
    }),
  );
  createEffect(
    on(isConnected, (connected) => {
      if (!connected) return;
      app.client.request('activity:subscribe', {}).catch((error: unknown) => setProblem(messageOf(error)));
    }),
  );
  const end = app.client.on('activity:added', ({ requests, skipped }) => {
    // More than an announcement holds: what is missing in it can only be asked for.
    if (skipped > 0) void fetchPage();
    else
      setRows((held) =>
        withArrived(
          held,
          requests.filter((request) => keeps(filter(), request)),
        ),
      );
  });
  onCleanup(() => {
    end();
    asked += 1;
    // Without a connection there is no subscription either.
    app.client.request('activity:unsubscribe', {}).catch(() => undefined);
  });

  return {
    rows,
    more,
    loading,
    problem,
    older: () => {
      const last = rows().at(-1);
      if (last !== undefined && more() && !loading()) void fetchPage(last.id);
    },
    again: () => void fetchPage(),
  };
};
