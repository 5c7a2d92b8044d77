/** The text of files, a part at a time. */
import { createReadStream } from 'node:fs';
import { encodingOf } from './file-kind.ts';

export interface TextPart {
  text: string;
  /** Character at which it goes on; null at its end. */
  next: number | null;
}

/** At most `most` characters from `from` on; reads no further than that. Marks of order are left out. */
export const textPart = async (file: string, from: number, most: number): Promise<TextPart> => {
  const decoder = new TextDecoder(await encodingOf(file));
  const stream = createReadStream(file);
  let before = 0;
  let text = '';
  try {
    for await (const chunk of stream) {
      const piece = decoder.decode(chunk as Buffer, { stream: true });
      const start = Math.max(0, from - before);
      before += piece.length;
      if (start < piece.length) text += piece.slice(start, start + most + 1 - text.length);
      if (text.length > most) break;
    }
    if (text.length <= most) text += decoder.decode();
  } finally {
    stream.destroy();
  }
  return text.length > most ? { text: text.slice(0, most), next: from + most } : { text, next: null };
};
