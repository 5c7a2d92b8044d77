/** Files as a question can take them along. */
import { imageUrl } from './images.ts';
import { NOTHING_ATTACHED } from './types.ts';
import type { Attachments, Sound } from './types.ts';

/** About 60 000 tokens: more than most contexts here hold. */
const MOST_TEXT = 256 * 1024;
const MOST_SOUND = 20 * 1024 * 1024;

export interface Senses {
  images: boolean;
  sounds: boolean;
}

const soundFormat = (file: File): Sound['format'] | null => {
  if (/^audio\/(x-)?wav$|^audio\/wave$/.test(file.type)) return 'wav';
  return file.type === 'audio/mpeg' || file.type === 'audio/mp3' ? 'mp3' : null;
};

const dataUrl = (file: File): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('loadend', () => {
      if (typeof reader.result === 'string') resolve(reader.result);
      else reject(new Error('It cannot be read.'));
    });
    reader.readAsDataURL(file);
  });

const textOf = async (file: File): Promise<string> => {
  if (file.size > MOST_TEXT) throw new Error('Text files may have 256 KiB at most.');
  const bytes = await file.arrayBuffer();
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Not UTF-8: the sentence below says what it would have to be.
  }
  throw new Error('It is neither text nor anything else that this model takes.');
};

/** Rejects with a sentence when the file is nothing that the model can take. */
export const readAttachment = async (file: File, senses: Senses): Promise<Attachments> => {
  if (file.type.startsWith('image/') && file.type !== 'image/svg+xml') {
    if (!senses.images) throw new Error('This model reads no images; choose one that does.');
    return { ...NOTHING_ATTACHED, images: [await imageUrl(file)] };
  }
  if (file.type.startsWith('audio/')) {
    const format = soundFormat(file);
    if (!senses.sounds) throw new Error('This model hears no recordings; choose one that does.');
    if (format === null) throw new Error('Recordings must be WAV or MP3.');
    if (file.size > MOST_SOUND) throw new Error('Recordings may have 20 MiB at most.');
    return { ...NOTHING_ATTACHED, sounds: [{ name: file.name, url: await dataUrl(file), format }] };
  }
  return { ...NOTHING_ATTACHED, files: [{ name: file.name, text: await textOf(file) }] };
};
