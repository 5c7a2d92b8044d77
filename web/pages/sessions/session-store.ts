/** The sessions of whoever looks, kept by broadcasts. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { SessionView } from '../../../src/contracts/sessions.ts';
import type { App } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { withSession } from './session-words.ts';

export interface SessionStore {
  /** Newest first; null until they have been fetched. */
  sessions: Accessor<readonly SessionView[] | null>;
  problem: Accessor<string | null>;
  again: () => void;
  /** Puts what an answer brought among the others. */
  put: (session: SessionView) => void;
}

const MOST = 500;

export const createSessionStore = ({ client, live }: Pick<App, 'client' | 'live'>): SessionStore => {
  const [sessions, setSessions] = createSignal<readonly SessionView[] | null>(null);
  const [problem, setProblem] = createSignal<string | null>(null);
  /** What was told while the list was on its way: it is newer than the list. */
  let during: Map<string, SessionView | null> | null = null;

  const put = (session: SessionView): void => {
    during?.set(session.id, session);
    setSessions((held) => (held === null ? held : withSession(held, session)));
  };
  const drop = (id: string): void => {
    during?.set(id, null);
    setSessions((held) => held?.filter((one) => one.id !== id) ?? null);
  };
  const fetchAll = (): void => {
    const mine = new Map<string, SessionView | null>();
    during = mine;
    client.request('sessions:list', { limit: MOST }).then(
      (answer) => {
        if (during !== mine) return;
        during = null;
        setProblem(null);
        setSessions(answer.sessions);
        for (const [id, session] of mine) {
          if (session === null) drop(id);
          else put(session);
        }
      },
      (error: unknown) => {
        // A lost connection is told by itself; the next one fetches again.
        if (live.connection().connected) setProblem(messageOf(error));
      },
    );
  };
  createEffect(
    on(
      () => live.connection().connected,
      (connected) => {
        if (connected) fetchAll();
      },
    ),
  );
  const ends = [
    client.on('sessions:updated', ({ session }) => put(session)),
    client.on('sessions:removed', ({ sessionId }) => drop(sessionId)),
  ];
  onCleanup(() => {
    for (const end of ends) end();
  });
  return { sessions, problem, again: fetchAll, put };
};
