/** Processes that carry a variable in their environment, wherever they went: a new session leaves the group, not the environment. */
import fs from 'node:fs/promises';

const carries = async (pid: number, mark: string): Promise<boolean> => {
  try {
    const environment = await fs.readFile(`/proc/${pid}/environ`, 'latin1');
    return environment.startsWith(`${mark}\0`) || environment.includes(`\0${mark}\0`);
  } catch {
    // Gone, or another user's.
    return false;
  }
};

const marked = async (mark: string): Promise<number[]> => {
  const names = await fs.readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => (pid !== process.pid && (await carries(pid, mark)) ? pid : null)),
  );
  return found.filter((pid) => pid !== null);
};

/** One that forks while it is looked for is found at the next look. */
const MOST_LOOKS = 5;

/**
 * Kills every process whose environment holds `name=value`, except this one. Where the system does not show environments (only
 * Linux does) nothing happens; there the process group has to do.
 */
export const endMarked = async (name: string, value: string): Promise<void> => {
  if (process.platform !== 'linux') return;
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const pids = await marked(`${name}=${value}`);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Ended in this moment.
      }
    }
  }
};
