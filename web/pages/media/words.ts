/** How media are called and described. */
import type { MediaKind } from '../../../src/contracts/media-tool.ts';
import type { MediaToolView, MediaView } from '../../../src/contracts/media.ts';
import { bytes, plural } from '../../format/numbers.ts';
import type { IconName } from '../../kit/icon-paths.ts';
import type { Tone } from '../../kit/badge.tsx';

const KINDS: Readonly<Record<MediaKind, string>> = {
  image: 'Picture',
  video: 'Film',
  audio: 'Sound',
  text: 'Text',
  other: 'File',
};
export const KIND_ICONS: Readonly<Record<MediaKind, IconName>> = {
  image: 'image',
  video: 'film',
  audio: 'audio',
  text: 'text',
  other: 'copy',
};

/** What names are looked up in. */
export interface Names {
  tools: () => readonly MediaToolView[];
  find: (id: string) => MediaView | undefined;
}

/** What a person would call it: its file's name, what it was asked to be, what it was made of, or who made it. */
export const nameOf = (media: MediaView, names: Names): string => {
  const titleOf = ({ tool }: MediaView): string | null =>
    names.tools().find(({ name }) => name === tool)?.title ?? tool;
  const title = titleOf(media);
  const input = media.input === null ? undefined : names.find(media.input);
  const origin = input === undefined ? null : (input.label ?? input.prompt ?? titleOf(input));
  const made = origin === null || title === null ? title : `${title}: ${origin}`;
  return media.label ?? media.prompt ?? made ?? KINDS[media.kind ?? 'other'];
};

/** `12.5` → `12.5 s`, `83` → `1:23`. */
export const lengthOf = (seconds: number): string => {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds))}\u00a0s`;
  const whole = Math.round(seconds);
  return `${String(Math.floor(whole / 60))}:${String(whole % 60).padStart(2, '0')}`;
};

export const factsOf = ({ kind, width, height, seconds, bytes: size }: MediaView): string =>
  [
    KINDS[kind ?? 'other'],
    width === null || height === null ? null : `${String(width)}×${String(height)}`,
    seconds === null ? null : lengthOf(seconds),
    size === null ? null : bytes(size),
  ]
    .filter((part) => part !== null)
    .join(' · ');

/** What it does at the moment, or what it waits for. */
export const movementOf = ({ state, stage, message, position, progress }: MediaView): string => {
  if (state === 'queued')
    return position === null || position === 0 ? 'Waits; it is next' : `Waits for ${plural(position, 'other')}`;
  if (state === 'stopping') return 'Being stopped';
  const words = message === null ? stage : `${stage}: ${message}`;
  const said = words.charAt(0).toUpperCase() + words.slice(1);
  return progress > 0 ? `${said} · ${String(Math.floor(progress))}\u00a0%` : said;
};

export const toneOf = ({ state }: MediaView): Tone => {
  switch (state) {
    case 'complete':
      return 'loaded';
    case 'failed':
      return 'error';
    case 'stopping':
      return 'stopping';
    case 'queued':
    case 'cancelled':
      return 'unloaded';
    default:
      return 'loading';
  }
};
