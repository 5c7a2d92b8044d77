/** Numbers that Linux keeps about processes. */
import { readFile } from 'node:fs/promises';

/** Linux counts processor time for programs in hundredths of a second, whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100;

/** Processor time used so far by all threads, in seconds: fields 14 and 15 of /proc/<pid>/stat. */
export const cpuSeconds = async (pid: number): Promise<number> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The program's name in field 2 may hold spaces; the numbers start after its closing bracket, with field 3.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
};

/** Resident memory in MiB. */
export const residentMib = async (pid: number): Promise<number> => {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`Process ${pid} has no memory of its own; it has ended.`);
  return Number(kib) / 1024;
};

const zeroSeparated = async (path: string): Promise<string[]> =>
  (await readFile(path, 'utf8')).split('\0').filter((part) => part !== '');

export const commandLineOf = (pid: number): Promise<string[]> => zeroSeparated(`/proc/${pid}/cmdline`);

export const environmentOf = async (pid: number): Promise<NodeJS.ProcessEnv> =>
  Object.fromEntries(
    (await zeroSeparated(`/proc/${pid}/environ`)).map((entry) => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );

/** Zombies do not count: they hold nothing but their number. */
export const isAlive = async (pid: number): Promise<boolean> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return text !== null && text.slice(text.lastIndexOf(')') + 2)[0] !== 'Z';
};
