import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import { promisify } from 'node:util';
import { errnoOf } from './errno.ts';

const run = promisify(execFile);
const ASK_TIMEOUT_MS = 5_000;

/** The fields of /proc/<pid>/stat after the command name, which may itself hold spaces and brackets: proc(5). */
export interface ProcStat {
  state: string;
  pgid: number;
  session: number;
  /** Clock ticks between boot and the start of the process (field 22). */
  startTicks: string;
}

/** Null when there is no such process. Linux only. */
export const readProcStat = async (pid: number): Promise<ProcStat | null> => {
  let text: string;
  try {
    text = await fs.readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , pgid, session] = fields;
  const startTicks = fields[19];
  if (state === undefined || startTicks === undefined) return null;
  return { state, pgid: Number(pgid), session: Number(session), startTicks };
};

/** A zombie has ended and only waits for its parent to ask how. */
export const hasEnded = (state: string): boolean => state.startsWith('Z') || state.startsWith('X');

let bootId: Promise<string> | undefined;

/** Ticks count from boot, and a service often gets the same pid at the same tick of every boot: the boot is part of the identity. */
const currentBoot = (): Promise<string> =>
  (bootId ??= fs.readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim().slice(0, 8),
    () => 'unknown',
  ));

const fromProc = async (pid: number): Promise<string | null> => {
  const stat = await readProcStat(pid);
  return stat && !hasEnded(stat.state) ? `${await currentBoot()}-${stat.startTicks}` : null;
};

const fromPs = async (pid: number): Promise<string | null> => {
  try {
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { timeout: ASK_TIMEOUT_MS, env });
    const [state = '', ...start] = stdout.trim().split(/\s+/);
    return start.length > 0 && !hasEnded(state) ? start.join(' ') : null;
  } catch {
    return null;
  }
};

const fromPowerShell = async (pid: number): Promise<string | null> => {
  try {
    const script = `(Get-Process -Id ${pid}).StartTime.ToUniversalTime().Ticks`;
    const args = ['-NoProfile', '-NonInteractive', '-Command', script];
    const { stdout } = await run('powershell.exe', args, { timeout: 2 * ASK_TIMEOUT_MS, windowsHide: true });
    return stdout.trim() || null;
  } catch {
    return null;
  }
};

export const isPid = (pid: number): boolean => Number.isSafeInteger(pid) && pid > 0;

/** Whether any process has this pid now; says nothing about which. */
export const pidExists = (pid: number): boolean => {
  if (!isPid(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
};

/**
 * When a process began, as an opaque word that together with the pid names one process for ever: a pid alone is used again.
 * Null when no such process runs (a zombie does not run). Comparable only on the same machine.
 */
export const processStartTime = async (pid: number): Promise<string | null> => {
  if (!isPid(pid)) return null;
  if (process.platform === 'linux') return fromProc(pid);
  return process.platform === 'win32' ? fromPowerShell(pid) : fromPs(pid);
};

/** Whether the very process that had this pid and start time still runs. */
export const isAlive = async (pid: number, startTime: string): Promise<boolean> =>
  (await processStartTime(pid)) === startTime;
