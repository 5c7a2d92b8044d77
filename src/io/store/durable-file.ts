import path from 'node:path';
import type { StoreFs } from './store-fs.ts';
import { errnoOf } from '../processes/errno.ts';

/** Names beside a document `<name>`. The lock of the data folder guarantees one writer, so fixed names are enough. */
export const backupOf = (file: string): string => `${file}.bak`;
export const leftoversOf = (file: string): string[] => [`${file}.tmp`, `${file}.bak.tmp`];

/** Documents hold keys and users: nobody else on the machine may read them. */
const MODE = 0o600;

/** What file systems without hard links answer to link(2). */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV', 'EACCES', 'EINVAL']);

/** What platforms answer that cannot open or fsync a folder (Windows, some network file systems). */
const NO_FOLDER_SYNC = new Set(['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF']);

export const removeIfThere = async (fs: StoreFs, file: string): Promise<void> => {
  try {
    await fs.unlink(file);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
};

const writeAndSync = async (fs: StoreFs, file: string, text: string): Promise<void> => {
  const handle = await fs.open(file, 'w', MODE);
  try {
    await handle.writeFile(text, 'utf8');
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Makes renames in `folder` survive a power cut, where the platform allows a folder to be synced. */
export const syncFolder = async (fs: StoreFs, folder: string): Promise<void> => {
  try {
    const handle = await fs.open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!NO_FOLDER_SYNC.has(errnoOf(error) ?? '')) throw error;
  }
};

const copyAndSync = async (fs: StoreFs, from: string, to: string): Promise<void> => {
  await fs.copyFile(from, to);
  const handle = await fs.open(to, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/**
 * Gives the current file a second name, `<file>.bak`, by a rename that replaces the older backup in one step.
 * At no point is there neither a complete file nor a complete backup: the file itself is not moved, and a process that
 * dies after this leaves two names for one good copy. If it did so before, file and backup are one already, and then
 * rename(2) does nothing and leaves the temporary name behind.
 */
const keepBackup = async (fs: StoreFs, file: string): Promise<void> => {
  const temporary = `${backupOf(file)}.tmp`;
  await removeIfThere(fs, temporary);
  try {
    await fs.link(file, temporary);
  } catch (error) {
    if (!NO_HARD_LINKS.has(errnoOf(error) ?? '')) throw error;
    await copyAndSync(fs, file, temporary);
  }
  await fs.rename(temporary, backupOf(file));
  await removeIfThere(fs, temporary);
};

/**
 * Replaces `file` by `text` so that after kill -9 or a power cut at any moment the file holds either the old or the new
 * content, whole. Resolves when the new content is durable. Throws the system's error; the old file is then still there
 * unless only the last step (syncing the folder) failed.
 *
 * `backup`: whether the present file is known to be good and is to be kept as `<file>.bak`.
 */
export const replaceDurably = async (
  fs: StoreFs,
  file: string,
  text: string,
  options: { backup: boolean },
): Promise<void> => {
  const temporary = `${file}.tmp`;
  try {
    await writeAndSync(fs, temporary, text);
    if (options.backup) await keepBackup(fs, file);
    await fs.rename(temporary, file);
  } catch (error) {
    // On a full disk the half-written copy would make things worse; the first error is the one to report.
    await removeIfThere(fs, temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(fs, path.dirname(file));
};
