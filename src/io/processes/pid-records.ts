import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { commandLineOf, isSameCommand } from './command-line.ts';
import { isGroupAlive, killGroup, processGroupOf } from './process-group.ts';
import { errnoOf } from './errno.ts';
import { isAlive, processStartTime } from './process-identity.ts';

const PidRecord = z.object({
  pid: z.int().positive(),
  /** As of `processStartTime`. */
  startTime: z.string().min(1),
  /** Its process group, as the system says; equal to `pid` for a child started with `detached: true`. */
  pgid: z.int().positive(),
  /** The file that was started and its arguments. */
  command: z.array(z.string()).min(1),
  /** "router", or the id of the model or run it serves. */
  owner: z.string(),
});
export type PidRecord = z.infer<typeof PidRecord>;

export interface Leftovers {
  /** Ended by SIGTERM. */
  ended: PidRecord[];
  /** Had to be killed at the deadline. */
  killed: PidRecord[];
  /** Still there after SIGKILL: stuck in the kernel, or not permitted. Their records are kept. */
  stuck: PidRecord[];
  /** Their pid is free or belongs to another program now; nothing was touched. */
  gone: PidRecord[];
}

export interface PidRecords {
  /**
   * Records a child right after it was spawned. Null when it has ended already, and then nothing is recorded.
   * Throws the system's error when the folder cannot be written.
   */
  add(child: Omit<PidRecord, 'startTime' | 'pgid'>): Promise<PidRecord | null>;
  /** Forgets a child after its exit. Nothing happens if there is no record. */
  remove(pid: number): Promise<void>;
  list(): Promise<PidRecord[]>;
  /**
   * Ends the processes an earlier run left behind: SIGTERM to each group, SIGKILL to those still there after `deadlineMs`.
   * Call it once at start, under the lock of the data folder and before anything is spawned. Pid, start time and command
   * must all match, so a pid that the system has given to another program is never touched.
   */
  endLeftovers(options: { deadlineMs: number }): Promise<Leftovers>;
}

const POLL_MS = 25;
/** How long SIGKILL may take to show; only a process stuck in the kernel needs longer. */
const KILL_PATIENCE_MS = 2_000;

const isStillTheSame = async (record: PidRecord): Promise<boolean> => {
  if (record.pid === process.pid || !(await isAlive(record.pid, record.startTime))) return false;
  if (process.platform === 'win32') return true;
  const running = await commandLineOf(record.pid);
  return running !== null && isSameCommand(record.command, running);
};

/** A child that does not lead its group shares it with the server that started it, which may be our own: only the child is signalled. */
const leads = (record: PidRecord): boolean => record.pgid === record.pid;

const signal = (record: PidRecord, name: NodeJS.Signals): void => {
  if (leads(record)) {
    killGroup(record.pid, name);
    return;
  }
  try {
    process.kill(record.pid, name);
  } catch {
    // Ended in this moment, or not permitted: what counts is whether it is there afterwards.
  }
};

const isThere = (record: PidRecord): Promise<boolean> =>
  leads(record) ? isGroupAlive(record.pgid) : isAlive(record.pid, record.startTime);

/**
 * The group is watched without a pause from the first signal on: as long as a member lives the system cannot give the
 * group's number away, so the later SIGKILL cannot reach strangers even if the leader is gone by then.
 */
const isGoneWithin = async (record: PidRecord, ms: number): Promise<boolean> => {
  const deadline = performance.now() + ms;
  while (await isThere(record)) {
    if (performance.now() >= deadline) return false;
    await delay(POLL_MS);
  }
  return true;
};

const endOne = async (record: PidRecord, deadlineMs: number): Promise<keyof Leftovers> => {
  if (!(await isStillTheSame(record))) return 'gone';
  signal(record, 'SIGTERM');
  if (await isGoneWithin(record, deadlineMs)) return 'ended';
  signal(record, 'SIGKILL');
  return (await isGoneWithin(record, KILL_PATIENCE_MS)) ? 'killed' : 'stuck';
};

/** Records of spawned children, one small file each in `<runDir>/pids/`, readable by this user only. */
export const pidRecords = (runDir: string): PidRecords => {
  const folder = path.join(runDir, 'pids');
  const fileOf = (pid: number): string => path.join(folder, `${pid}.json`);

  const readRecord = async (name: string): Promise<PidRecord | null> => {
    try {
      return PidRecord.parse(JSON.parse(await fs.readFile(path.join(folder, name), 'utf8')));
    } catch {
      return null;
    }
  };

  const names = async (): Promise<string[]> => {
    try {
      return await fs.readdir(folder);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  };

  const list = async (): Promise<PidRecord[]> => {
    const found = (await names()).filter((name) => /^\d+\.json$/.test(name));
    const records = await Promise.all(found.map(readRecord));
    return records.filter((record) => record !== null).sort((a, b) => a.pid - b.pid);
  };

  const remove = (pid: number): Promise<void> => fs.rm(fileOf(pid), { force: true });

  return {
    add: async (child) => {
      const startTime = await processStartTime(child.pid);
      if (startTime === null) return null;
      const record = PidRecord.parse({ ...child, startTime, pgid: await processGroupOf(child.pid) });
      await fs.mkdir(folder, { recursive: true, mode: 0o700 });
      // Whole or absent: a half-written record after kill -9 would be a child nobody ends.
      const temporary = `${fileOf(record.pid)}.tmp`;
      await fs.writeFile(temporary, JSON.stringify(record), { mode: 0o600 });
      await fs.rename(temporary, fileOf(record.pid));
      return record;
    },
    remove,
    list,
    endLeftovers: async ({ deadlineMs }) => {
      const result: Leftovers = { ended: [], killed: [], stuck: [], gone: [] };
      const records = await list();
      const verdicts = await Promise.all(records.map((record) => endOne(record, deadlineMs)));
      records.forEach((record, index) => result[verdicts[index] ?? 'gone'].push(record));
      const kept = new Set(result.stuck.map((record) => `${record.pid}.json`));
      for (const name of await names()) {
        if (!kept.has(name)) await fs.rm(path.join(folder, name), { force: true, recursive: true });
      }
      return result;
    },
  };
};
