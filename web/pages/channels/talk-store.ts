/** One channel while it is open: joined, followed, and joined again after a lost connection. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { Attachment } from '../../../src/contracts/channels.ts';
import type { App } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { MY_ID, myName, newClientId } from './me.ts';
import { EMPTY, saidOf, withChunk, withHistory, without, withSaid, withTurn, withTyping } from './talk.ts';
import type { Talk } from './talk.ts';

export interface TalkStore {
  talk: Accessor<Talk>;
  /** The history has come. */
  ready: Accessor<boolean>;
  problem: Accessor<string | null>;
  older: () => Promise<void>;
  /** Resolves when it is on the server's disk. */
  say: (text: string, attachments: Attachment[]) => Promise<void>;
  /** Tells the others, not more often than they need it. */
  type: () => void;
  stop: () => Promise<unknown>;
}

const TELL_TYPING_MS = 2000;

/** Lives as long as its owner; `channelId` does not change. */
export const createTalk = (app: Pick<App, 'client' | 'live'>, channelId: string): TalkStore => {
  const [talk, setTalk] = createSignal<Talk>(EMPTY);
  const [ready, setReady] = createSignal(false);
  const [problem, setProblem] = createSignal<string | null>(null);
  let toldTyping = 0;

  const join = async (): Promise<void> => {
    setProblem(null);
    const wanted = { channelId, entityId: MY_ID, entityName: myName() };
    const answer = await app.client.request('channels:join', wanted);
    setTalk((held) => {
      // After a lost connection the newest page is put to what is held; what was missed beyond it is asked for by scrolling.
      const known = new Set(held.said.map(({ id }) => id));
      const joins = held.said.length > 0 && answer.messages.some(({ id }) => known.has(id));
      const base = joins ? held : { ...held, said: [] };
      const history = withHistory({ ...base, turns: [] }, answer.messages, joins ? held.more : answer.more);
      return answer.turns.reduce(withTurn, history);
    });
    setReady(true);
  };
  createEffect(
    on([() => app.live.connection().connected, myName], ([connected]) => {
      if (!connected) return;
      join().catch((error: unknown) => {
        if (app.live.connection().connected) setProblem(messageOf(error));
      });
    }),
  );

  const here = <T extends { channelId: string }>(apply: (held: Talk, data: T) => Talk) => {
    return (data: T): void => {
      if (data.channelId === channelId) setTalk((held) => apply(held, data));
    };
  };
  const ends = [
    app.client.onDirect(
      'messageBroadcast',
      here((held, message) => withSaid(held, saidOf(message))),
    ),
    app.client.onDirect('messageStreamChunk', here(withChunk)),
    app.client.onDirect('channelTurn', here(withTurn)),
    app.client.onDirect(
      'messageDeleted',
      here((held, { messageId }) => without(held, messageId)),
    ),
    app.client.onDirect(
      'channelCleared',
      here((held) => ({ ...held, said: [], more: false })),
    ),
    app.client.onDirect(
      'channelTyping',
      here((held, { entityId, name }) => withTyping(held, entityId, name, Date.now())),
    ),
  ];
  onCleanup(() => {
    for (const end of ends) end();
    if (app.live.connection().connected)
      app.client.request('channels:leave', { channelId }).catch(() => {
        // The connection is gone, and the socket has left with it.
      });
  });

  return {
    talk,
    ready,
    problem,
    async older() {
      const [oldest] = talk().said;
      if (oldest === undefined || !talk().more) return;
      const answer = await app.client.request('channels:messages', { channelId, before: oldest.id, limit: 50 });
      setTalk((held) => withHistory(held, answer.messages, answer.more));
    },
    async say(text, attachments) {
      await app.client.request('channels:send', {
        channelId,
        text,
        entityId: MY_ID,
        entityName: myName(),
        messageId: newClientId(),
        source: 'dashboard',
        ...(attachments.length === 0 ? {} : { attachments }),
      });
    },
    type() {
      if (Date.now() - toldTyping < TELL_TYPING_MS) return;
      toldTyping = Date.now();
      app.client.request('channels:typing', { channelId, entityId: MY_ID, entityName: myName() }).catch(() => {
        // Nobody misses it.
      });
    },
    stop: () => app.client.request('channels:cancel', { channelId }),
  };
};
