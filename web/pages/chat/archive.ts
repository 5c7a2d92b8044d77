/** Conversations in this browser's IndexedDB: several, bounded, the same in every tab. */
import { createStore, del, entries, set } from 'idb-keyval';
import { NOTHING_ATTACHED } from './types.ts';
import type { Conversation } from './types.ts';

/** The oldest ones leave beyond this. */
export const MOST_CONVERSATIONS = 200;

export interface Archive {
  /** Newest first. */
  load: () => Promise<Conversation[]>;
  save: (conversation: Conversation) => Promise<void>;
  remove: (id: string) => Promise<void>;
  /** Calls back when another tab saved or removed one. */
  onElsewhere: (listener: () => void) => () => void;
}

const CHANNEL = 'llamactor.chat';

/** One that was stored before questions had files lacks their lists. */
const complete = (conversation: Conversation): Conversation => ({
  ...conversation,
  messages: conversation.messages.map((message) => ({ ...NOTHING_ATTACHED, ...message })),
});

export const createArchive = (): Archive => {
  const store = createStore('llamactor', 'conversations');
  const channel = new BroadcastChannel(CHANNEL);
  const tell = (): void => channel.postMessage(null);
  return {
    load: async () => {
      const all = (await entries<string, Conversation>(store))
        .map(([, conversation]) => complete(conversation))
        .sort((a, b) => b.updatedAt - a.updatedAt);
      const surplus = all.slice(MOST_CONVERSATIONS);
      await Promise.all(surplus.map((conversation) => del(conversation.id, store)));
      return all.slice(0, MOST_CONVERSATIONS);
    },
    save: async (conversation) => {
      // A plain copy: what pages hold is wrapped for reactivity, and the database clones only plain objects.
      await set(conversation.id, JSON.parse(JSON.stringify(conversation)), store);
      tell();
    },
    remove: async (id) => {
      await del(id, store);
      tell();
    },
    onElsewhere: (listener) => {
      channel.addEventListener('message', listener);
      return () => channel.removeEventListener('message', listener);
    },
  };
};
