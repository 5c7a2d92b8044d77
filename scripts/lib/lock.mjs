import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Sets a lock of a dead process aside; renaming first means that only one of several waiters removes it. */
async function removeDead(path) {
  const holder = Number(await readFile(path, 'utf8').catch(() => ''));
  if (!Number.isInteger(holder) || holder <= 0 || isAlive(holder)) return;
  const aside = `${path}.${process.pid}.dead`;
  await rename(path, aside).catch(() => undefined);
  await rm(aside, { force: true });
}

/**
 * Runs `work` while holding the lock file `path`, so that two processes never build into one folder at once.
 * Throws when another process holds it for longer than `deadlineMs`.
 */
export async function withLock(path, work, deadlineMs = 120_000) {
  await mkdir(dirname(path), { recursive: true });
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    await removeDead(path);
    if (Date.now() > deadline)
      throw new Error(`Another process has held ${path} for too long; remove it if none is running.`);
    await delay(50);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}
