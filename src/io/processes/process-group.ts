import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import { promisify } from 'node:util';
import { errnoOf } from './errno.ts';
import { hasEnded, isPid, pidExists, readProcStat } from './process-identity.ts';

const run = promisify(execFile);
const ASK_TIMEOUT_MS = 5_000;

/**
 * Sends a signal to the whole process group that `pid` leads, so that grandchildren get it too. The child must have been
 * started with `detached: true`, which makes it a leader. False when there is nobody to signal (any more) or the system
 * does not permit it. Never signals "everybody" or our own group: pids that are not a positive integer, 1, and our own
 * pid are refused. On Windows, which has no groups, the one process is ended.
 */
export const killGroup = (pid: number, signal: NodeJS.Signals): boolean => {
  if (!isPid(pid) || pid === 1 || pid === process.pid) return false;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ESRCH' || errno === 'EPERM') return false;
    throw error;
  }
};

/** The process group of a running process; its own pid when the system does not say (it then counts as a leader). */
export const processGroupOf = async (pid: number): Promise<number> => {
  if (process.platform === 'linux') return (await readProcStat(pid))?.pgid ?? pid;
  if (process.platform === 'win32') return pid;
  try {
    const { stdout } = await run('ps', ['-o', 'pgid=', '-p', String(pid)], { timeout: ASK_TIMEOUT_MS });
    return Number.parseInt(stdout, 10) || pid;
  } catch {
    return pid;
  }
};

const aliveInProc = async (pgid: number): Promise<boolean> => {
  for (const name of await fs.readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readProcStat(Number(name));
    if (stat?.pgid === pgid && !hasEnded(stat.state)) return true;
  }
  return false;
};

const aliveInPs = async (pgid: number): Promise<boolean> => {
  const { stdout } = await run('ps', ['-axo', 'pgid=,stat='], { timeout: ASK_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 });
  return stdout.split('\n').some((line) => {
    const [group, state = ''] = line.trim().split(/\s+/);
    return Number(group) === pgid && !hasEnded(state);
  });
};

/**
 * Whether a member of the group still runs. Zombies do not count: in a container whose first process never collects its
 * children they stay for ever.
 */
export const isGroupAlive = async (pgid: number): Promise<boolean> => {
  if (process.platform === 'win32') return pidExists(pgid);
  return process.platform === 'linux' ? aliveInProc(pgid) : aliveInPs(pgid);
};
