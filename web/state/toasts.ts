/** Short messages about what happened; errors stay until they are dismissed. */
import { createSignal } from 'solid-js';
import type { Accessor } from 'solid-js';

export interface Toast {
  id: number;
  tone: 'success' | 'info' | 'warning' | 'error';
  title: string;
  body?: string;
  /** One thing to do about it, most often to undo it. */
  action?: { label: string; run: () => unknown };
}

export interface Toasts {
  list: Accessor<readonly Toast[]>;
  show: (toast: Omit<Toast, 'id'>) => void;
  /** Shows the cause of a failure; `title` says what could not be done. */
  failure: (title: string, error: unknown) => void;
  dismiss: (id: number) => void;
}

/** How long a message that needs no answer stays, ms; one that offers something stays longer. */
export const TOAST_TIME = 6000;
export const OFFER_TIME = 12_000;
const MOST = 4;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const createToasts = (): Toasts => {
  const [list, setList] = createSignal<readonly Toast[]>([]);
  let last = 0;
  const show = (toast: Omit<Toast, 'id'>): void => {
    last += 1;
    const id = last;
    // The same message twice in a row is one message.
    setList((held) =>
      [...held.filter((t) => t.title !== toast.title || t.body !== toast.body), { ...toast, id }].slice(-MOST),
    );
  };
  return {
    list,
    show,
    failure: (title, error) => {
      show({ tone: 'error', title, body: messageOf(error) });
    },
    dismiss: (id) => setList((held) => held.filter((toast) => toast.id !== id)),
  };
};
