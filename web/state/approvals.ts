/** What waits for this person's answer: fetched with each connection and then kept by broadcasts. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { ApprovalView } from '../../src/contracts/approvals.ts';
import type { Client } from '../net/client.ts';
import type { Live } from './live.ts';
import type { Toasts } from './toasts.ts';

export interface Approvals {
  /** Oldest first: who has waited longest is answered first. */
  waiting: Accessor<readonly ApprovalView[]>;
  /** Calls back whenever one is asked or settled; returns the function that ends it. */
  onChange: (listener: () => void) => () => void;
}

/** Takes a question over: one that waits is there once, one that is settled not at all. */
export const withApproval = (held: readonly ApprovalView[], approval: ApprovalView): readonly ApprovalView[] => {
  const others = held.filter(({ id }) => id !== approval.id);
  return approval.status === 'pending' ? [...others, approval].toSorted((a, b) => a.createdAt - b.createdAt) : others;
};

export const createApprovals = (client: Client, live: Live, toasts: Toasts): Approvals => {
  const [waiting, setWaiting] = createSignal<readonly ApprovalView[]>([]);
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  /** Changes that came while the list was on its way are newer than it. */
  let during: ApprovalView[] | null = null;

  const fetchAll = async (): Promise<void> => {
    during = [];
    try {
      const { approvals } = await client.request('approvals:list', { limit: 1 });
      const pending = approvals.filter(({ status }) => status === 'pending');
      setWaiting([...pending, ...during].reduce(withApproval, []));
      changed();
    } catch (error) {
      // A connection that ended meanwhile is told by the connection itself; the next one fetches again.
      if (live.connection().connected) toasts.failure('What waits for an answer could not be fetched', error);
    } finally {
      during = null;
    }
  };
  createEffect(
    on(
      () => live.connection().connected,
      (connected) => {
        if (connected) void fetchAll();
      },
    ),
  );
  onCleanup(
    client.on('approvals:updated', ({ approval }) => {
      during?.push(approval);
      setWaiting((held) => withApproval(held, approval));
      changed();
    }),
  );
  return {
    waiting,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};
