/** What a process holds, to compare before with after. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { cpuSeconds, residentMib } from '../processes.ts';
import { nowMs } from '../statistics.ts';
import { setTimeout as delay } from 'node:timers/promises';

export interface Holdings {
  descriptors: number;
  sockets: number;
  threads: number;
  residentMib: number;
  /** What the descriptors lead to, without the numbers of sockets and pipes. */
  targets: string[];
}

/** "pipe ×2, /tmp/x": what `after` has more of. */
export const newTargets = (before: Holdings, after: Holdings): string => {
  const left = [...before.targets];
  const counts = new Map<string, number>();
  for (const target of after.targets) {
    const at = left.indexOf(target);
    if (at === -1) counts.set(target, (counts.get(target) ?? 0) + 1);
    else left.splice(at, 1);
  }
  return [...counts].map(([target, count]) => (count === 1 ? target : `${target} ×${count}`)).join(', ');
};

const SAMPLED = /^\/proc\/\d+\/stat$/;

export const holdingsOf = async (pid: number): Promise<Holdings> => {
  const folder = `/proc/${pid}/fd`;
  const targets = await Promise.all(
    (await readdir(folder)).map((name) => readlink(join(folder, name)).catch(() => null)),
  );
  // The library that samples processes keeps the file of each open for a minute after it last looked.
  const open = targets.filter((target): target is string => target !== null && !SAMPLED.test(target));
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return {
    descriptors: open.length,
    sockets: open.filter((target) => target.startsWith('socket:')).length,
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1] ?? 0),
    residentMib: await residentMib(pid),
    targets: open.map((target) => target.replace(/:\[\d+\]$/, '')),
  };
};

/** Processes that a process has started and that are still there, zombies included. */
export const childrenOf = async (pid: number): Promise<number[]> => {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.trim().split(/\s+/).filter(Boolean).map(Number));
};

/** Percent of a core that a process uses while nothing is asked of it: a timer or loop that was left behind shows here. */
export const idlePercent = async (pid: number, ms: number): Promise<number> => {
  const [before, startedAt] = [await cpuSeconds(pid), nowMs()];
  await delay(ms);
  return ((await cpuSeconds(pid)) - before) * (100_000 / (nowMs() - startedAt));
};
