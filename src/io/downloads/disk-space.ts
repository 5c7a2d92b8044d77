import path from 'node:path';
import { bytes } from './bytes.ts';
import type { DownloadFs } from './download-fs.ts';
import { notEnoughSpace } from './problem.ts';

/** Logs, documents and everybody else go on writing meanwhile. */
const MARGIN_BYTES = 256 * 1024 * 1024;

/** Throws DISK_SPACE, with the numbers, unless `needed` more bytes and a margin are free where `folder` lies. */
export const checkSpace = async (fs: DownloadFs, folder: string, needed: number): Promise<void> => {
  if (needed === 0) return;
  const { bavail, bsize } = await fs.statfs(folder);
  const free = bavail * bsize;
  if (free < needed + MARGIN_BYTES)
    throw notEnoughSpace(path.resolve(folder), `: ${bytes(needed)} and a reserve are needed, ${bytes(free)} are free`);
};
