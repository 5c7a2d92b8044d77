/**
 * The browsers of sessions: how many run at once, who waits for one, and which are closed because nobody came back to them. A
 * session keeps its browser while it waits for a person and for a while after its end, so that it goes on where it was.
 */
import { nextBrowsers } from '../../../machines/session-policy.ts';
import type { SessionSlot } from '../../../machines/session-policy.ts';
import type { SessionBrowser } from '../../io/browser/browser.ts';

export interface Browsers {
  /** Resolves with the session's browser, which is opened when it is its turn. */
  acquire(id: string, signal: AbortSignal): Promise<SessionBrowser>;
  get(id: string): SessionBrowser | null;
  /** Nobody works with it now; `dispensable` when it may be closed for another session. */
  rest(id: string, dispensable: boolean): void;
  /** Resolves when no process of it is left. */
  close(id: string): Promise<void>;
  /** Frames of it, whenever it is open, until the returned function is called. */
  watch(id: string, listener: Parameters<SessionBrowser['watch']>[0]): () => void;
  /** Gives those that wait their turn, after a change of how many there may be. */
  pump(): void;
  /** Closes those that have rested for longer. */
  sweep(longestMs: number): void;
  closeAll(): Promise<void>;
}

interface Slot {
  phase: SessionSlot['phase'];
  since: number;
  dispensable: boolean;
  browser: SessionBrowser | null;
  opening: Promise<SessionBrowser> | null;
  closing: Promise<void> | null;
  /** Called when it is its turn. */
  turn: (() => void) | null;
}

type Frames = Parameters<SessionBrowser['watch']>[0];

export const createBrowsers = (options: {
  most(): number;
  open(id: string, signal: AbortSignal): Promise<SessionBrowser>;
  /** Its place among those that wait, from 0. */
  onWaiting(id: string, place: number): void;
  onError(error: unknown): void;
  now(): number;
}): Browsers => {
  const { now } = options;
  const slots = new Map<string, Slot>();
  const watchers = new Map<string, Map<Frames, (() => void) | null>>();

  const attach = (id: string, browser: SessionBrowser): void => {
    const listeners = watchers.get(id);
    for (const listener of listeners?.keys() ?? []) listeners?.set(listener, browser.watch(listener));
  };
  const detach = (id: string): void => {
    const listeners = watchers.get(id);
    for (const [listener, stop] of listeners ?? []) {
      stop?.();
      listeners?.set(listener, null);
    }
  };

  const close = async (id: string): Promise<void> => {
    const slot = slots.get(id);
    if (slot === undefined) return;
    slot.closing ??= (async () => {
      detach(id);
      const browser = slot.browser ?? (await slot.opening?.catch(() => null)) ?? null;
      slot.browser = null;
      await browser?.close();
      if (slots.get(id) === slot) slots.delete(id);
      pump();
    })();
    await slot.closing;
  };

  const pump = (): void => {
    const list: SessionSlot[] = [...slots].map(([id, { phase, since, dispensable, closing }]) => ({
      id,
      phase,
      since,
      dispensable: dispensable && closing === null,
    }));
    const plan = nextBrowsers(list, options.most());
    for (const id of plan.close) close(id).catch(options.onError);
    // What is closed for them has to be gone first; its end pumps again.
    const taken = list.filter(({ phase }) => phase !== 'waits').length;
    const room = Math.max(0, options.most() - taken);
    for (const id of plan.open.slice(0, room)) {
      const slot = slots.get(id);
      if (slot === undefined) continue;
      slot.phase = 'works';
      slot.turn?.();
      slot.turn = null;
    }
    const waiting = list.filter(({ id, phase }) => phase === 'waits' && slots.get(id)?.phase === 'waits');
    waiting.forEach(({ id }, place) => options.onWaiting(id, place));
  };

  const leave = (id: string, slot: Slot): void => {
    if (slots.get(id) === slot) slots.delete(id);
    pump();
  };

  const open = async (id: string, slot: Slot, signal: AbortSignal): Promise<SessionBrowser> => {
    try {
      slot.opening = options.open(id, signal);
      const browser = await slot.opening;
      slot.browser = browser;
      // Somebody wanted it closed meanwhile, and waits for that.
      if (slot.closing === null) attach(id, browser);
      return browser;
    } catch (error) {
      if (slot.closing === null) leave(id, slot);
      throw error;
    } finally {
      slot.opening = null;
    }
  };

  return {
    async acquire(id, signal) {
      await slots.get(id)?.closing;
      signal.throwIfAborted();
      const known = slots.get(id);
      if (known?.browser != null) {
        known.phase = 'works';
        known.dispensable = false;
        return known.browser;
      }
      if (known?.opening != null) return known.opening;
      const slot: Slot = {
        ...{
          phase: 'waits',
          since: now(),
          dispensable: false,
          browser: null,
          opening: null,
          closing: null,
          turn: null,
        },
      };
      slots.set(id, slot);
      await new Promise<void>((resolve, reject) => {
        const giveUp = (): void => {
          leave(id, slot);
          reject(signal.reason as Error);
        };
        signal.addEventListener('abort', giveUp, { once: true });
        slot.turn = () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        };
        pump();
      });
      return open(id, slot, signal);
    },
    get: (id) => slots.get(id)?.browser ?? null,
    rest(id, dispensable) {
      const slot = slots.get(id);
      if (slot === undefined || slot.browser === null) return;
      Object.assign(slot, { phase: 'idle', since: now(), dispensable });
      pump();
    },
    close,
    watch(id, listener) {
      const listeners = watchers.get(id) ?? new Map<Frames, (() => void) | null>();
      watchers.set(id, listeners);
      listeners.set(listener, slots.get(id)?.browser?.watch(listener) ?? null);
      return () => {
        listeners.get(listener)?.();
        listeners.delete(listener);
        if (listeners.size === 0) watchers.delete(id);
      };
    },
    pump,
    sweep(longestMs) {
      for (const [id, { phase, since }] of slots)
        if (phase === 'idle' && now() - since >= longestMs) close(id).catch(options.onError);
    },
    async closeAll() {
      await Promise.all([...slots.keys()].map(close));
    },
  };
};
