/** What an uploaded file is by its content; its name counts for nothing. */
import { open } from 'node:fs/promises';
import type { SessionFileKind } from '../../contracts/sessions.ts';
import { sniffFile } from '../media/sniff.ts';

export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be';

const HEAD_BYTES = 64 * 1024;
/** What models take as pictures. */
const IMAGES = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif']);

const headOf = async (file: string): Promise<Buffer> => {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
};

/** By its mark of order; null without one. */
const wideEncoding = (head: Buffer): TextEncoding | null => {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : null;
};

/** A mark alone makes no text: what follows has to be characters, of which hardly any control. */
const isWideText = (head: Buffer, encoding: TextEncoding): boolean => {
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(head.subarray(0, head.length & ~1), {
      stream: true,
    });
    return !/[^\P{Cc}\t\n\v\f\r]/u.test(text);
  } catch {
    return false;
  }
};

export const encodingOf = async (file: string): Promise<TextEncoding> => wideEncoding(await headOf(file)) ?? 'utf-8';

export const kindOfFile = async (file: string): Promise<{ mime: string; kind: SessionFileKind }> => {
  const head = await headOf(file);
  const wide = wideEncoding(head);
  if (wide !== null && isWideText(head, wide)) return { mime: 'text/plain', kind: 'text' };
  const { mime } = await sniffFile(file);
  if (mime === 'application/pdf') return { mime, kind: 'pdf' };
  if (IMAGES.has(mime)) return { mime, kind: 'image' };
  const isText = mime.startsWith('text/') || mime === 'application/json' || mime === 'application/x-subrip';
  return { mime, kind: isText ? 'text' : 'other' };
};
