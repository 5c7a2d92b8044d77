import type { LlamactorClient } from '../client/index.ts';
import { CodedError } from '../contracts/errors.ts';
import { sessionHasEnded } from '../contracts/sessions.ts';
import type { SessionEntryView, SessionView } from '../contracts/sessions.ts';

/**
 * Resolves with the session when it has ended and all entries from `from` on have been handed to `onEntry`, one that changed once
 * more; `onView` gets every view of it before. Survives a lost connection. Rejects when somebody removed it.
 */
export const followSession = async (
  client: LlamactorClient,
  id: string,
  from: number,
  onEntry: (entry: SessionEntryView) => void,
  onView: (session: SessionView) => void,
): Promise<SessionView> => {
  const off: (() => void)[] = [];
  const told = new Map<number, string>();
  const hand = (entry: SessionEntryView): void => {
    const text = JSON.stringify(entry);
    if (entry.seq < from || told.get(entry.seq) === text) return;
    told.set(entry.seq, text);
    onEntry(entry);
  };
  const catchUp = async (): Promise<void> => {
    for (let next = from, more = true; more;) {
      const page = await client.call('sessions:transcript', { id, from: next });
      for (const entry of page.entries) hand(entry);
      ({ next, more } = page);
    }
  };
  const ended = new Promise<SessionView>((resolve, reject) => {
    const look = (session: SessionView): void => {
      if (session.id !== id) return;
      onView(session);
      if (sessionHasEnded(session.status)) resolve(session);
    };
    const ask = async (): Promise<void> => {
      const { session } = await client.call('sessions:get', { id });
      await catchUp();
      look(session);
    };
    off.push(
      client.on('sessions:updated', ({ session }) => look(session)),
      client.on('sessions:entry', ({ sessionId, entry }) => {
        if (sessionId === id) hand(entry);
      }),
      client.on('sessions:removed', ({ sessionId }) => {
        if (sessionId === id) reject(new CodedError('NOT_FOUND', 'The session was removed by somebody.'));
      }),
      client.onConnection((state) => {
        if (state === 'connected') ask().catch(reject);
      }),
    );
    // It may have ended before anybody listened.
    ask().catch(reject);
  });
  try {
    const session = await ended;
    await catchUp();
    return session;
  } finally {
    for (const end of off) end();
    // Whoever leaves early is not told of the failure that leaving causes.
    ended.catch(() => undefined);
  }
};
