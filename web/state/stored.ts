/** What this browser remembers. Storage can be switched off or full; then a choice lasts as long as the page. */
import { createSignal } from 'solid-js';
import type { Accessor } from 'solid-js';

export const readStored = (key: string): string | null => {
  try {
    return localStorage.getItem(`llamactor.${key}`);
  } catch {
    return null;
  }
};

export const writeStored = (key: string, value: string): void => {
  try {
    localStorage.setItem(`llamactor.${key}`, value);
  } catch {
    // The choice is visible all the same; it just does not outlive the page.
  }
};

/** A signal that starts with what was chosen last. `read` turns what is stored into a value, also what an older page stored. */
export const createStored = <T>(
  key: string,
  read: (stored: string | null) => T,
  write: (value: T) => string = String,
): [Accessor<T>, (value: T) => void] => {
  const [value, setValue] = createSignal<T>(read(readStored(key)));
  return [
    value,
    (next) => {
      setValue(() => next);
      writeStored(key, write(next));
    },
  ];
};
