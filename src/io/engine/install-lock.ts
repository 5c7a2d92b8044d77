/** One install at a time per data folder, across processes. */
import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { CodedError } from '../../contracts/errors.ts';

interface Holder {
  pid: number;
  /** Start time of that process as the kernel counts it; null where it cannot be read. */
  started: string | null;
  token: string;
}

/** A writer creates the file and fills it at once; an empty file older than this belongs to a writer that died between. */
const UNFINISHED_MS = 10_000;
const POLL_MS = 250;

/** Tokens this process holds: after a reboot or in a container our own pid may stand in a dead process's lock. */
const held = new Set<string>();

/**
 * Waits until the lock is ours and returns the function that gives it back. A lock whose process is dead is taken over.
 * Rejects with TIMEOUT after `deadlineMs`, and with the signal's reason when it aborts.
 */
export const acquireInstallLock = async (
  file: string,
  signal: AbortSignal,
  deadlineMs: number,
): Promise<() => Promise<void>> => {
  const own: Holder = { pid: process.pid, started: await startTime(process.pid), token: randomUUID() };
  const until = performance.now() + deadlineMs;
  for (;;) {
    signal.throwIfAborted();
    held.add(own.token);
    if (await create(file, own)) {
      return async () => {
        held.delete(own.token);
        if ((await readHolder(file))?.token === own.token) await rm(file, { force: true });
      };
    }
    held.delete(own.token);
    const holder = await readHolder(file);
    if (holder === null ? await isAbandoned(file) : !(await isAlive(holder))) {
      await remove(file, holder);
      continue;
    }
    if (performance.now() >= until) {
      throw new CodedError(
        'TIMEOUT',
        `Another install (process ${holder?.pid ?? 'unknown'}) still holds ${file}; wait for it or end that process.`,
      );
    }
    await delay(POLL_MS, undefined, { signal });
  }
};

const create = async (file: string, own: Holder): Promise<boolean> => {
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(JSON.stringify(own));
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

const readHolder = async (file: string): Promise<Holder | null> => {
  try {
    const value = JSON.parse(await readFile(file, 'utf8')) as Partial<Holder> | null;
    if (typeof value?.pid !== 'number' || typeof value.token !== 'string') return null;
    return { pid: value.pid, token: value.token, started: value.started ?? null };
  } catch {
    return null;
  }
};

const isAbandoned = async (file: string): Promise<boolean> => {
  try {
    return Date.now() - (await stat(file)).mtimeMs > UNFINISHED_MS;
  } catch {
    return false;
  }
};

const isAlive = async (holder: Holder): Promise<boolean> => {
  if (holder.pid === process.pid) return held.has(holder.token);
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const started = await startTime(holder.pid);
  return holder.started === null || started === null || started === holder.started;
};

/** Field 22 of /proc/<pid>/stat (proc_pid_stat(5)); the command name before it may hold spaces and brackets. */
const startTime = async (pid: number): Promise<string | null> => {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
};

/**
 * Removes a dead process's lock. Two waiters may both have judged it dead, and the slower one must not remove the lock that the
 * faster one has created since: so the file is moved away first, and put back if it is not the one that was judged.
 */
const remove = async (file: string, judged: Holder | null): Promise<void> => {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = await readHolder(aside);
  if (taken?.token !== judged?.token) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
};
