/** The processes of a browser, found without asking whoever started it. */
import { readdir, readFile } from 'node:fs/promises';
import { hasEnded, readProcStat } from '../../src/io/processes/process-identity.ts';

export interface Found {
  pid: number;
  words: string[];
}

/** Every process of the group whose leader's command line names this folder, and whatever else names it. */
export const processesOf = async (folder: string): Promise<Found[]> => {
  const all: (Found & { pgid: number })[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readProcStat(Number(name));
    if (stat === null || hasEnded(stat.state)) continue;
    const text = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    // Chromium's own children separate their words by blanks.
    all.push({ pid: Number(name), words: text.split(/[\0 ]/), pgid: stat.pgid });
  }
  const named = ({ words }: Found): boolean => words.some((word) => word.startsWith(`--user-data-dir=${folder}`));
  const groups = new Set(all.filter(named).map(({ pgid }) => pgid));
  return all.filter((one) => named(one) || groups.has(one.pgid));
};

/** Of those that were there, which still are. */
export const survivors = async (before: readonly Found[]): Promise<number[]> => {
  const left: number[] = [];
  for (const { pid } of before) {
    const stat = await readProcStat(pid);
    if (stat !== null && !hasEnded(stat.state)) left.push(pid);
  }
  return left;
};
