/** Checks what was fetched and gives it its name, never over another file. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, rename, rmdir, rm, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { PlannedFile } from '../../../machines/download.machine.ts';
import { errnoOf } from '../processes/errno.ts';
import { syncFolder } from '../store/durable-file.ts';
import { nodeFs } from '../store/store-fs.ts';
import { removePart } from './part-state.ts';
import { DownloadProblem } from './problem.ts';
import { partOf } from './targets.ts';

const CHUNK_BYTES = 256 * 1024;
const MAGIC = 'GGUF';
/** What file systems without hard links answer to link(2). */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/** Lower-case hex of a file's sha256. `onBytes` gets how far it is. */
export const sha256Of = async (
  file: string,
  signal: AbortSignal,
  onBytes: (read: number) => void = () => undefined,
): Promise<string> => {
  const hash = createHash('sha256');
  let read = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES, signal }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    read += chunk.length;
    onBytes(read);
  }
  return hash.digest('hex');
};

/**
 * Whether the target holds this very file. Without a sha256 the size is all there is to go by.
 * Throws EXISTS when another file has the name: it may be somebody's only copy.
 */
export const isPresent = async (
  { name, target, size, sha256 }: Pick<PlannedFile, 'name' | 'target' | 'size' | 'sha256'>,
  signal: AbortSignal,
): Promise<boolean> => {
  const info = await stat(target).catch(() => null);
  if (info === null) return false;
  const same = info.isFile() && info.size === size && (sha256 === null || (await sha256Of(target, signal)) === sha256);
  if (same) return true;
  throw new DownloadProblem(
    'EXISTS',
    `There is another file ${name} in ${path.dirname(target)} already; move or rename it, then try again.`,
  );
};

const magicOf = async (file: string): Promise<string> => {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
};

/** Throws WRONG_HASH or BAD_SOURCE, and the part is gone then. */
export const checkPart = async (
  file: PlannedFile,
  part: string,
  signal: AbortSignal,
  onBytes: (read: number) => void,
): Promise<void> => {
  const sha256 = file.sha256 === null ? null : await sha256Of(part, signal, onBytes);
  if (sha256 !== file.sha256) {
    await removePart(part);
    throw new DownloadProblem(
      'WRONG_HASH',
      `What arrived as ${file.name} is not the file that the server lists (its sha256 differs), so it was deleted; try again later, or from another network.`,
    );
  }
  if ((await magicOf(part)) !== MAGIC) {
    await removePart(part);
    throw new DownloadProblem('BAD_SOURCE', `${file.name} is not a GGUF file, so it was deleted; check the address.`);
  }
};

/** Moves a part to its target durably. A name that is taken meanwhile is left as it is. */
const placePart = async (file: PlannedFile, part: string, signal: AbortSignal): Promise<void> => {
  const handle = await open(part, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await mkdir(path.dirname(file.target), { recursive: true });
  try {
    // A link refuses a name that is taken; a rename would write over it.
    await link(part, file.target);
    await unlink(part);
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno !== 'EEXIST' && !NO_HARD_LINKS.has(errno)) throw error;
    if (!(await isPresent(file, signal))) await rename(part, file.target);
  }
  await removePart(part);
  await syncFolder(nodeFs, path.dirname(file.target));
};

/** Checks all files, then moves all of them: a set of shards appears as a whole or not at all. */
export const placeFiles = async (
  files: readonly PlannedFile[],
  folder: string,
  signal: AbortSignal,
  onBytes: (verified: number) => void,
): Promise<void> => {
  let before = 0;
  for (const file of files) {
    if (!file.present) await checkPart(file, partOf(folder, file.name), signal, (read) => onBytes(before + read));
    before += file.size;
    onBytes(before);
  }
  signal.throwIfAborted();
  for (const file of files) if (!file.present) await placePart(file, partOf(folder, file.name), signal);
  await removeParts(folder);
};

/** Removes a download's folder, and the common one when nothing else is in it. */
export const removeParts = async (folder: string): Promise<void> => {
  await rm(folder, { recursive: true, force: true });
  await rmdir(path.dirname(folder)).catch(() => undefined);
};
