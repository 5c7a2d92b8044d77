import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../processes/errno.ts';
import { isAlive, pidExists, processStartTime } from '../processes/process-identity.ts';

/**
 * How the lock works. The folder holds files named 1, 2, 3, …; each names a process (pid and start time), and the
 * highest number is the holder's. A file appears whole and only once under its number (link(2) refuses a name that is
 * taken). Whoever finds the highest one dead or released makes the next number, then looks again: it holds the lock only
 * if its number is still the highest. The highest file is never deleted, only outdone, so a slow starter that still
 * thinks of an old number always sees the newer one. No stale file is ever removed to get the lock, which is the step
 * in which two starters could both win. Numbers are reclaimed with one kept in reserve, because a listing that runs while
 * two files change may miss both.
 *
 * Limit: processes of different machines or containers cannot see each other's pids; the folder must not be shared by them.
 */
interface Holder {
  pid: number;
  startTime: string | null;
  released: boolean;
}

/** Longest time for finding out whose lock it is. */
const JUDGE_MS = 10_000;
/** Where hard links are missing, a file may be seen before its content is written. */
const HALF_WRITTEN_MS = 2_000;
const LEFTOVER_MS = 60_000;

const numbersIn = async (folder: string): Promise<number[]> => {
  const names = await fs.readdir(folder);
  return names
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
};

const parseHolder = (text: string): Holder | null => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number') return null;
    const startTime = 'startTime' in value && typeof value.startTime === 'string' ? value.startTime : null;
    return { pid: value.pid, startTime, released: 'released' in value && value.released === true };
  } catch {
    return null;
  }
};

type Standing = { kind: 'free' } | { kind: 'unclear' } | { kind: 'held'; pid: number };

const standingOf = async (file: string): Promise<Standing> => {
  let text: string;
  let age: number;
  try {
    text = await fs.readFile(file, 'utf8');
    age = Math.abs(Date.now() - (await fs.stat(file)).mtimeMs);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { kind: 'unclear' };
    throw error;
  }
  const holder = parseHolder(text);
  if (!holder) return { kind: age < HALF_WRITTEN_MS ? 'unclear' : 'free' };
  if (holder.released) return { kind: 'free' };
  // Without a start time (a system without ps) any process with that pid must be taken for the holder.
  const alive = holder.startTime === null ? pidExists(holder.pid) : await isAlive(holder.pid, holder.startTime);
  return alive ? { kind: 'held', pid: holder.pid } : { kind: 'free' };
};

const writeTemporary = async (folder: string, holder: Holder): Promise<string> => {
  const temporary = path.join(folder, `new-${holder.pid}-${randomUUID()}`);
  await fs.writeFile(temporary, JSON.stringify(holder), { mode: 0o600 });
  return temporary;
};

/** False when the name is taken. */
const createOnce = async (folder: string, file: string, holder: Holder): Promise<boolean> => {
  const temporary = await writeTemporary(folder, holder);
  try {
    await fs.link(temporary, file);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') return false;
    if (errno === 'ENOSPC' || errno === 'EROFS' || errno === 'EIO' || errno === 'ENOENT') throw error;
  } finally {
    await fs.rm(temporary, { force: true });
  }
  // No hard links here (FAT, some network file systems).
  try {
    await fs.writeFile(file, JSON.stringify(holder), { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
};

const tidy = async (folder: string, mine: number): Promise<void> => {
  for (const name of await fs.readdir(folder)) {
    const file = path.join(folder, name);
    if (/^[1-9]\d*$/.test(name)) {
      if (Number(name) < mine - 1) await fs.rm(file, { force: true });
    } else if (name.startsWith('new-')) {
      const info = await fs.stat(file).catch(() => null);
      if (info && Date.now() - info.mtimeMs > LEFTOVER_MS) await fs.rm(file, { force: true });
    }
  }
};

export interface NumberedLock {
  /** Lets somebody else have it. Safe to call twice. */
  release(): Promise<void>;
}

/** The lock, the pid of the process that holds it, or null when that could not be found out in ten seconds. */
export const takeLock = async (folder: string): Promise<NumberedLock | number | null> => {
  const me: Holder = { pid: process.pid, startTime: await processStartTime(process.pid), released: false };
  await fs.mkdir(folder, { recursive: true, mode: 0o700 });
  const taken = await acquire(folder, me);
  if (typeof taken !== 'object' || taken === null) return taken;
  await tidy(folder, taken.mine);
  let released = false;
  return {
    release: async () => {
      if (released) return;
      released = true;
      // Replaced, not removed: see above. If the folder has gone, so has the lock.
      const temporary = await writeTemporary(folder, { ...me, released: true }).catch(() => null);
      if (temporary) await fs.rename(temporary, path.join(folder, String(taken.mine)));
    },
  };
};

const acquire = async (folder: string, me: Holder): Promise<{ mine: number } | number | null> => {
  const deadline = Date.now() + JUDGE_MS;
  while (Date.now() < deadline) {
    const highest = (await numbersIn(folder)).at(-1) ?? 0;
    const standing: Standing = highest === 0 ? { kind: 'free' } : await standingOf(path.join(folder, String(highest)));
    if (standing.kind === 'held') return standing.pid;
    if (standing.kind === 'unclear') {
      await delay(20);
      continue;
    }
    const mine = highest + 1;
    const file = path.join(folder, String(mine));
    if (!(await createOnce(folder, file, me))) continue;
    if ((await numbersIn(folder)).at(-1) === mine) return { mine };
    await fs.rm(file, { force: true });
  }
  return null;
};
