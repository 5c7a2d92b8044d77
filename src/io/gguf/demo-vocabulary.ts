import { CodedError } from '../../contracts/errors.ts';

/** SentencePiece's visible space: llama.cpp's "llama" tokenizer turns it into a space when it prints a token. */
const SPACE = '\u2581';

const byteName = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

export const UNKNOWN = 0;
export const BEGIN = 1;
export const END = 2;
/** The token of one byte of UTF-8. Everything a prompt holds is tokenised to these, since no word can be merged from them. */
export const byteToken = (byte: number): number => 3 + byte;

const TYPE = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

export interface DemoVocabulary {
  tokens: string[];
  types: number[];
  /** For each text, its tokens in order; every token occurs once in all of them together. */
  chains: number[][];
}

/**
 * Cuts a text into words so that no piece repeats: the next token is a function of the last one alone, so a piece that
 * occurred twice would send the model into a loop. A repeated word is joined with the word after it, or at the end of the
 * text with those before it, until the piece is new. The pieces put together are the text.
 */
const cut = (text: string, taken: Set<string>): string[] => {
  const words = text.replaceAll(' ', SPACE).match(/[\u2581\s]*[^\u2581\s]+/gu) ?? [];
  const pieces: string[] = [];
  let pending = '';
  for (const word of words) {
    pending += word;
    if (taken.has(pending)) continue;
    taken.add(pending);
    pieces.push(pending);
    pending = '';
  }
  while (pending !== '' && taken.has(pending)) {
    const before = pieces.pop();
    if (before === undefined) {
      throw new CodedError(
        'INVALID_PAYLOAD',
        `The demo model cannot say "${text}": it is one of its own special words.`,
      );
    }
    pending = before + pending;
  }
  if (pending !== '') {
    taken.add(pending);
    pieces.push(pending);
  }
  return pieces;
};

/**
 * A "llama" vocabulary: `<unk>`, `<s>`, `</s>`, the 256 bytes, then one token per word of the texts.
 * Texts are trimmed. Throws INVALID_PAYLOAD for an empty text, one longer than 4 000 characters, or one with U+2581.
 */
export const demoVocabulary = (texts: readonly string[]): DemoVocabulary => {
  const tokens = ['<unk>', '<s>', '</s>', ...Array.from({ length: 256 }, (_, byte) => byteName(byte))];
  const types = tokens.map((_, id) =>
    id === UNKNOWN ? TYPE.unknown : id === BEGIN || id === END ? TYPE.control : TYPE.byte,
  ) as number[];
  const taken = new Set(tokens);
  const chains = texts.map((raw) => {
    const text = raw.trim();
    if (text === '') throw new CodedError('INVALID_PAYLOAD', 'The demo model needs a sentence with at least one word.');
    if (text.length > 4000)
      throw new CodedError('INVALID_PAYLOAD', 'The demo model can say at most 4000 characters; shorten the sentence.');
    if (text.includes(SPACE))
      throw new CodedError(
        'INVALID_PAYLOAD',
        'The demo model cannot say U+2581, which stands for a space; leave it out.',
      );
    return cut(text, taken).map((piece) => {
      tokens.push(piece);
      types.push(TYPE.normal);
      return tokens.length - 1;
    });
  });
  return { tokens, types, chains };
};
