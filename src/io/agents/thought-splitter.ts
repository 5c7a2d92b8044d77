/**
 * Separates what a reasoning model thinks from what it says, for engines that hand both on in one text: a text that begins with
 * `<think>` is thought until `</think>`. Tags may be cut anywhere between two pieces.
 */
export interface Piece {
  text: string;
  thought: boolean;
}

const OPEN = '<think>';
const CLOSE = '</think>';

/** The length of the longest end of `text` that may be the beginning of `tag`. */
const partial = (text: string, tag: string): number => {
  for (let length = Math.min(text.length, tag.length - 1); length > 0; length -= 1)
    if (tag.startsWith(text.slice(-length))) return length;
  return 0;
};

export interface ThoughtSplitter {
  push(text: string): Piece[];
  /** What was held back because it might have been a tag. */
  end(): Piece[];
}

export const createThoughtSplitter = (): ThoughtSplitter => {
  let state: 'undecided' | 'thinking' | 'between' | 'saying' = 'undecided';
  let held = '';
  const piece = (text: string, thought: boolean): Piece[] => (text === '' ? [] : [{ text, thought }]);

  const decide = (): Piece[] => {
    const begun = held.trimStart();
    if (begun.startsWith(OPEN)) {
      state = 'thinking';
      held = begun.slice(OPEN.length);
      return think();
    }
    if (OPEN.startsWith(begun)) return [];
    state = 'saying';
    return say();
  };
  const think = (): Piece[] => {
    const end = held.indexOf(CLOSE);
    if (end === -1) {
      const safe = held.length - partial(held, CLOSE);
      const text = held.slice(0, safe);
      held = held.slice(safe);
      return piece(text, true);
    }
    const text = held.slice(0, end);
    held = held.slice(end + CLOSE.length);
    state = 'between';
    return [...piece(text, true), ...pause()];
  };
  /** The line breaks between thought and answer belong to neither. */
  const pause = (): Piece[] => {
    held = held.trimStart();
    if (held === '') return [];
    state = 'saying';
    return say();
  };
  const say = (): Piece[] => {
    const text = held;
    held = '';
    return piece(text, false);
  };

  return {
    push(text) {
      held += text;
      if (state === 'undecided') return decide();
      if (state === 'between') return pause();
      return state === 'thinking' ? think() : say();
    },
    end: () => (state === 'thinking' ? piece(held, true) : say()),
  };
};
