/** What a file is by its content; its name and whatever a client says of it count for nothing. */
import { open } from 'node:fs/promises';
import { fileTypeFromFile } from 'file-type';

export interface Sniffed {
  mime: string;
  /** Ending of a name, without a dot. */
  extension: string;
}

/** Enough to tell text from anything else. */
const HEAD_BYTES = 64 * 1024;

/** Markup that browsers would run, and types that they show only as what they are. */
const ACTIVE = new Set(['image/svg+xml', 'application/xml', 'text/html', 'application/xhtml+xml']);

const isText = (head: Uint8Array): boolean => {
  if (head.includes(0)) return false;
  try {
    // The last character may be cut.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
};

const isJson = (text: string, whole: boolean): boolean => {
  if (!/^\s*[[{]/.test(text)) return false;
  if (!whole) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const textType = (text: string, whole: boolean): Sniffed => {
  if (/^\uFEFF?WEBVTT\b/.test(text)) return { mime: 'text/vtt', extension: 'vtt' };
  if (/^\uFEFF?\s*\d+\s*\r?\n\d{2}:\d{2}:\d{2}[,.]\d{3} --> /.test(text))
    return { mime: 'application/x-subrip', extension: 'srt' };
  if (isJson(text, whole)) return { mime: 'application/json', extension: 'json' };
  return { mime: 'text/plain', extension: 'txt' };
};

/** Markup is plain text here: nothing that a tool wrote or somebody uploaded runs in this server's name. */
export const sniffFile = async (file: string): Promise<Sniffed> => {
  const known = await fileTypeFromFile(file);
  if (known !== undefined && !ACTIVE.has(known.mime)) return { mime: known.mime, extension: known.ext };
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    if (bytesRead === 0 || !isText(head)) return { mime: 'application/octet-stream', extension: 'bin' };
    return textType(head.toString('utf8'), bytesRead < HEAD_BYTES);
  } finally {
    await handle.close();
  }
};
