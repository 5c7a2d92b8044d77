/** Media as clients see it. Times are epoch milliseconds and sizes are bytes. */
import type { MediaKind, MediaParam } from './media-tool.ts';

export const MEDIA_STATES = ['queued', 'running', 'stopping', 'finishing', 'complete', 'failed', 'cancelled'] as const;
export type MediaState = (typeof MEDIA_STATES)[number];

/** After these nothing happens by itself. */
export const mediaHasEnded = (state: MediaState): boolean =>
  state === 'complete' || state === 'failed' || state === 'cancelled';

export const MEDIA_ERROR_CODES = [
  'NOT_STARTED',
  'TOOL_FAILED',
  'TIMEOUT',
  'NO_OUTPUT',
  'INTERRUPTED',
  'CANCELLED',
  'UNEXPECTED',
] as const;
export type MediaErrorCode = (typeof MEDIA_ERROR_CODES)[number];

export type MediaParamValue = string | number | boolean;

/** Something that a tool makes or has made, or that was uploaded to be worked on. */
export interface MediaView {
  id: string;
  /** The user whose it is; `local` for whoever is no user. */
  owner: string;
  source: 'tool' | 'upload';
  /** Null for an upload. */
  tool: string | null;
  prompt: string | null;
  /** The media it was made of. */
  input: string | null;
  params: Record<string, MediaParamValue>;
  /** What its uploader calls it; never part of a path. */
  label: string | null;
  state: MediaState;
  /** 0–100, never falling; 100 only when it is complete. */
  progress: number;
  stage: string;
  message: string | null;
  /** Place in the queue, 0 for the next; null unless it waits. */
  position: number | null;
  /** Path on this server; null until it is complete. */
  url: string | null;
  thumbnailUrl: string | null;
  kind: MediaKind | null;
  mime: string | null;
  bytes: number | null;
  width: number | null;
  height: number | null;
  /** Length of sound and moving pictures. */
  seconds: number | null;
  /** The cause in one sentence. */
  error: string | null;
  errorCode: MediaErrorCode | null;
  /** The tool's own last lines, when it failed. */
  lastLines: string[];
  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
  /** When a person removed it; until its files are deleted it can be restored. */
  removedAt: number | null;
}

/** A parameter as a form needs it: the files of a `file` are listed. */
export type MediaParamView = MediaParam & { files?: string[] };

export interface MediaToolView {
  name: string;
  title: string;
  description: string;
  /** Comes with the product; one that is saved under the same name takes its place. */
  builtIn: boolean;
  available: boolean;
  /** What is missing, and how to get it; null when it is available. */
  problem: string | null;
  prompt: 'none' | 'optional' | 'required';
  input: 'none' | 'optional' | 'required';
  accepts: MediaKind[];
  params: MediaParamView[];
}

/** What a subscriber is told on `/media` (seed 003). */
export interface MediaEvents {
  mediaProgress: { mediaId: string; progress: number; stage: string; message?: string };
  mediaComplete: { mediaId: string; url: string; thumbnailUrl?: string; metadata?: Record<string, unknown> };
  mediaError: { mediaId: string; error: string; code?: MediaErrorCode };
}

export const kindOf = (mime: string): MediaKind => {
  const [type = ''] = mime.split('/');
  if (type === 'image' || type === 'video' || type === 'audio' || type === 'text') return type;
  return mime === 'application/json' || mime === 'application/x-subrip' ? 'text' : 'other';
};

/** Where it is served, from the root of this server. */
export const mediaUrl = (id: string): string => `/media/${id}`;
export const thumbnailUrl = (id: string): string => `/media/${id}/thumbnail`;
