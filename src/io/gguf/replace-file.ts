import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Makes the entries of a folder durable. Windows and a few network file systems cannot open a folder for this; there the
 * rename itself is all that can be had, so those refusals are not failures.
 */
const syncFolder = async (folder: string): Promise<void> => {
  let handle: FileHandle;
  try {
    handle = await open(folder, 'r');
  } catch {
    return;
  }
  try {
    await handle.sync();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EINVAL' && code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EBADF' && code !== 'EISDIR')
      throw error;
  } finally {
    await handle.close();
  }
};

/**
 * Writes a file so that a reader, even after a power cut, sees the old content or the new one and never a part of either:
 * temporary file in the same folder, fsync, rename, fsync of the folder. Missing folders are created.
 * When `fill` throws, the temporary file is removed and the old content stays. The temporary name does not end in
 * `.gguf` or `.ini`, so a scan that runs meanwhile does not take it for a model or a preset.
 */
export const replaceFile = async (
  path: string,
  fill: (handle: FileHandle) => Promise<void>,
  mode = 0o644,
): Promise<void> => {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path).slice(0, 120)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await fill(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
};
