/** Where the messages of channels lie: one file each, in a folder of their own. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { isUuid } from '../../contracts/channels.ts';
import { removeIfThere } from '../store/durable-file.ts';
import { nodeFs } from '../store/store-fs.ts';
import type { StoreFs } from '../store/store-fs.ts';
import { openAppendLog } from './append-log.ts';
import type { AppendLog } from './append-log.ts';

export interface ChannelFiles {
  /** The lines of a channel's file, and what appends to it. Open each once at a time. */
  open(channelId: string): Promise<{ log: AppendLog; lines: string[] }>;
  /** Deletes a file that is not open. */
  remove(channelId: string): Promise<void>;
}

/** A client chooses the id of a channel; only a plain UUID is fit to be a file's name on every system. */
const nameOf = (channelId: string): string =>
  isUuid(channelId) && channelId === channelId.toLowerCase()
    ? channelId
    : `other-${createHash('sha256').update(channelId).digest('hex').slice(0, 32)}`;

export const channelFiles = (folder: string, fs: StoreFs = nodeFs): ChannelFiles => {
  const fileOf = (channelId: string): string => path.join(folder, `${nameOf(channelId)}.jsonl`);
  return {
    open: (channelId) => openAppendLog(fileOf(channelId), fs),
    remove: (channelId) => removeIfThere(fs, fileOf(channelId)),
  };
};
