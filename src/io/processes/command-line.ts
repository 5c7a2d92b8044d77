import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The words of a running process's command line; null when it cannot be read. */
export const commandLineOf = async (pid: number): Promise<string[] | null> => {
  try {
    if (process.platform === 'linux') {
      const text = await fs.readFile(`/proc/${pid}/cmdline`, 'utf8');
      const words = text.split('\0').slice(0, -1);
      return words.length > 0 ? words : null;
    }
    const { stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)], { timeout: 5_000 });
    return stdout.trim() ? stdout.trim().split(/\s+/) : null;
  } catch {
    return null;
  }
};

/**
 * Whether `running` can be what was started as `started` (file and arguments). Either the program is named in it, or all
 * arguments are: a wrapper script that replaces itself by the real program keeps the arguments and loses the name.
 */
export const isSameCommand = (started: readonly string[], running: readonly string[]): boolean => {
  const [file, ...args] = started;
  if (file === undefined) return false;
  const program = path.basename(file);
  if (running.some((word) => path.basename(word) === program)) return true;
  const words = args.flatMap((arg) => (process.platform === 'linux' ? [arg] : arg.split(/\s+/)));
  return words.length > 0 && words.every((word) => running.includes(word));
};
