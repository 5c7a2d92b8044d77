/** What the `media:*` commands and the addresses of media need from the running system. */
import type { Readable } from 'node:stream';
import type { CommandPayload } from '../contracts/commands.ts';
import type { MediaTool } from '../contracts/media-tool.ts';
import type { MediaToolView, MediaView } from '../contracts/media.ts';
import type { By } from './services.ts';

/** Every method refuses with a CodedError, changes nothing then, and has a deadline of its own. Whose they are is the caller's to check. */
export interface MediaService {
  tools(): Promise<MediaToolView[]>;
  saveTool(tool: MediaTool, by: By): Promise<MediaToolView>;
  deleteTool(name: string, by: By): Promise<void>;
  /** Newest first, without removed ones. */
  list(): MediaView[];
  /** Also one that was removed and can be restored. */
  find(id: string): MediaView | undefined;
  /** Resolves when the wish is on disk. */
  generate(wish: CommandPayload<'media:generate'> & { owner: string }, by: By): Promise<MediaView>;
  /** Resolves when it is on disk; the body is read to its end or destroyed. */
  upload(body: Readable, about: { owner: string; label: string | null }, by: By): Promise<MediaView>;
  /** Resolves when nothing of it runs. */
  cancel(id: string, by: By): Promise<MediaView>;
  /** Resolves with the time, epoch ms, until which it can be restored. */
  remove(id: string, by: By): Promise<number>;
  restore(id: string, by: By): Promise<MediaView>;
  /** Where the file of complete media lies; null when there is none. */
  file(id: string): { path: string; mime: string; extension: string; thumbnail: string | null } | null;
  /** Signs who somebody is, for addresses that are opened without headers. */
  tickets: {
    issue(holder: string, expiresAt: number): string;
    read(ticket: string, now: number): string | null;
  };
  /** Calls back at once, in order, with every state that is worth telling; an end comes once. */
  watch(listener: (media: MediaView) => void): () => void;
}
