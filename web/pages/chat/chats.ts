/** The conversations and the answers under way. One instance for the page's life: an answer goes on while another page is open. */
import { createRoot, createSignal, untrack } from 'solid-js';
import type { Accessor } from 'solid-js';
import { createStore, produce, reconcile } from 'solid-js/store';
import { messageOf } from '../../state/toasts.ts';
import { createArchive } from './archive.ts';
import { apiMessages } from './requests.ts';
import { streamChat } from './stream.ts';
import type { Attachments, ChatMessage, Conversation } from './types.ts';
import { newMessage } from './types.ts';

export interface Chats {
  ready: Accessor<boolean>;
  /** Newest first. */
  list: Accessor<Conversation[]>;
  find: (id: string) => Conversation | undefined;
  put: (conversation: Conversation) => void;
  change: (id: string, part: Partial<Omit<Conversation, 'id' | 'messages'>>) => void;
  remove: (id: string) => Promise<void>;
  /** An answer is being written. */
  busy: (id: string) => boolean;
  /** Adds the question and streams the answer. `model` is an id. */
  send: (id: string, model: string, question: Pick<ChatMessage, 'content' | keyof Attachments>) => Promise<void>;
  /** Throws away the message `from` and all after it, then answers anew; a user's message may get new words. */
  again: (id: string, model: string, from: string, words?: string) => Promise<void>;
  stop: (id: string) => void;
  /** Why nothing can be kept, or null. */
  problem: Accessor<string | null>;
}

/** How often a growing answer is written to disk, ms. */
const SAVE_EVERY = 2000;

const createChats = (): Chats => {
  const archive = createArchive();
  const [held, setHeld] = createStore<{ byId: Record<string, Conversation | undefined> }>({ byId: {} });
  const [ready, setReady] = createSignal(false);
  const [problem, setProblem] = createSignal<string | null>(null);
  const [running, setRunning] = createStore<Record<string, AbortController | undefined>>({});

  const failed = (error: unknown): void => {
    setProblem(`This browser keeps no conversations: ${messageOf(error)}`);
  };
  const save = (id: string): void => {
    const conversation = held.byId[id];
    // An empty one is a page that was opened, not a conversation.
    if (conversation !== undefined && conversation.messages.length > 0) archive.save(conversation).catch(failed);
  };
  const fetchAll = async (): Promise<void> => {
    const stored = await archive.load();
    const kept = Object.values(held.byId).filter(
      (one): one is Conversation => one !== undefined && (one.messages.length === 0 || running[one.id] !== undefined),
    );
    const next = Object.fromEntries([...stored, ...kept].map((one) => [one.id, one]));
    setHeld('byId', reconcile(structuredClone(JSON.parse(JSON.stringify(next)) as Record<string, Conversation>)));
  };
  const refresh = (): Promise<void> => untrack(fetchAll).catch(failed);
  void refresh().then(() => setReady(true));
  archive.onElsewhere(() => void refresh());

  const edit = (id: string, change: (conversation: Conversation) => void): void => {
    setHeld(
      'byId',
      id,
      produce((conversation) => {
        if (conversation !== undefined) change(conversation);
      }),
    );
  };

  const answer = async (id: string, model: string): Promise<void> => {
    const conversation = held.byId[id];
    if (conversation === undefined || running[id] !== undefined) return;
    const controller = new AbortController();
    const messages = apiMessages(conversation.system, conversation.messages);
    const reply = newMessage('assistant', { model });
    edit(id, (one) => {
      one.messages.push(reply);
      one.updatedAt = Date.now();
    });
    setRunning(id, controller);
    save(id);
    const patch = (part: (message: ChatMessage) => void): void =>
      edit(id, (one) => {
        const message = one.messages.find((candidate) => candidate.id === reply.id);
        if (message !== undefined) part(message);
      });
    // Tokens come faster than frames: what came within one is drawn at once.
    let pending = { content: '', reasoning: '' };
    let timer: ReturnType<typeof setTimeout> | undefined;
    let saved = Date.now();
    const flush = (): void => {
      clearTimeout(timer);
      timer = undefined;
      const { content, reasoning } = pending;
      if (content === '' && reasoning === '') return;
      pending = { content: '', reasoning: '' };
      patch((message) => {
        message.content += content;
        message.reasoning += reasoning;
      });
      if (Date.now() - saved < SAVE_EVERY) return;
      saved = Date.now();
      save(id);
    };
    try {
      const stats = await streamChat(
        { model, messages, sampling: { ...conversation.sampling }, signal: controller.signal },
        (delta) => {
          pending = { content: pending.content + delta.content, reasoning: pending.reasoning + delta.reasoning };
          timer ??= setTimeout(flush, 24);
        },
      );
      flush();
      patch((message) => (message.stats = stats));
    } catch (error) {
      flush();
      patch((message) => {
        if (controller.signal.aborted) message.stopped = true;
        else message.error = messageOf(error);
      });
    } finally {
      setRunning(id, undefined);
      edit(id, (one) => (one.updatedAt = Date.now()));
      save(id);
    }
  };

  return {
    ready,
    problem,
    list: () =>
      Object.values(held.byId)
        .filter((one): one is Conversation => one !== undefined && one.messages.length > 0)
        .sort((a, b) => b.updatedAt - a.updatedAt),
    find: (id) => held.byId[id],
    put: (conversation) => {
      setHeld('byId', conversation.id, conversation);
      save(conversation.id);
    },
    change: (id, part) => {
      edit(id, (one) => Object.assign(one, part));
      save(id);
    },
    remove: async (id) => {
      running[id]?.abort();
      setHeld('byId', id, undefined);
      await archive.remove(id).catch(failed);
    },
    busy: (id) => running[id] !== undefined,
    send: async (id, model, question) => {
      if (running[id] !== undefined) return;
      edit(id, (one) => {
        one.model = model;
        one.messages.push(newMessage('user', question));
      });
      await answer(id, model);
    },
    again: async (id, model, from, words) => {
      if (running[id] !== undefined) return;
      edit(id, (one) => {
        const at = one.messages.findIndex((message) => message.id === from);
        if (at === -1) return;
        const message = one.messages[at];
        one.model = model;
        if (message?.role === 'user') {
          one.messages.splice(at + 1);
          if (words !== undefined) message.content = words;
        } else {
          one.messages.splice(at);
        }
      });
      await answer(id, model);
    },
    stop: (id) => running[id]?.abort(),
  };
};

let instance: Chats | null = null;
/** Made when the chat is opened for the first time. */
export const useChats = (): Chats => (instance ??= createRoot(createChats));
