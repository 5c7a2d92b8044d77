import { readFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import pidusage from 'pidusage';
import si from 'systeminformation';
import type { GpuMetricsView, MetricsView, ProcessMetricsView } from '../../contracts/views.ts';
import { machineCpuUsage } from './cpu-usage.ts';
import { findGpus, type GpuReader } from './gpus.ts';
import { createNetworkRate, readNetworkTotals } from './network-totals.ts';

export interface WatchedProcess {
  /** "server", "router" or "model:<id>". */
  source: string;
  pid: number;
}

/** Where the numbers of a sample come from. Each may throw; a test replaces some. */
export interface MetricsSources {
  cpu(): Promise<MetricsView['cpu']>;
  memory(): Promise<MetricsView['memory']>;
  disk(): Promise<MetricsView['disk']>;
  network(): Promise<MetricsView['network']>;
  gpus(): Promise<GpuMetricsView[]>;
  processes(watched: WatchedProcess[]): Promise<ProcessMetricsView[]>;
}

const percent = (part: number, whole: number): number => (whole > 0 ? Math.round((1000 * part) / whole) / 10 : 0);

const createCpuReader = (): MetricsSources['cpu'] => {
  const usage = machineCpuUsage();
  // Asking for it reads the times and the clock of every core.
  const cores = os.cpus().length;
  return async () => ({
    usage: Math.round((await usage()) * 10) / 10,
    cores,
    load: Math.round((os.loadavg()[0] ?? 0) * 100) / 100,
  });
};

const KIB = 1024;

/** Total and available bytes of /proc/meminfo (proc(5), in KiB); null where it does not tell both. */
export const parseMemory = (meminfo: string): { total: number; available: number } | null => {
  const total = /^MemTotal:\s+(\d+) kB/m.exec(meminfo)?.[1];
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1];
  if (total === undefined || available === undefined) return null;
  return { total: Number(total) * KIB, available: Number(available) * KIB };
};

const memoryNow = async (): Promise<{ total: number; available: number }> => {
  const told = process.platform === 'linux' ? parseMemory(readFileSync('/proc/meminfo', 'utf8')) : null;
  return told ?? (await si.mem());
};

/** What programs can still get counts as free: the page cache with a mapped model in it is not "used". */
const readMemory = async (): Promise<MetricsView['memory']> => {
  const { total, available } = await memoryNow();
  const usedBytes = total - available;
  return { used: percent(usedBytes, total), usedBytes, totalBytes: total, availableBytes: available };
};

/** statfs(2) of one path, because systeminformation lists every file system with two programs (5 ms, measured). Percent as df counts it. */
const readDisk = async (path: string): Promise<MetricsView['disk']> => {
  const stat = await fs.statfs(path);
  const usedBytes = (stat.blocks - stat.bfree) * stat.bsize;
  const free = stat.bavail * stat.bsize;
  return { used: percent(usedBytes, usedBytes + free), usedBytes, totalBytes: stat.blocks * stat.bsize };
};

/** A process that has just ended is left out; it is no failure. */
const readProcesses = async (watched: WatchedProcess[]): Promise<ProcessMetricsView[]> => {
  if (watched.length === 0) return [];
  // With more than one pid the library skips the vanished ones, with one it throws: our own pid makes it always more than one.
  const pids = [...new Set([process.pid, ...watched.map((one) => one.pid)])];
  if (pids.length === 1) pids.push(process.ppid);
  const stats: Record<string, pidusage.Status | undefined> = await pidusage(pids);
  return watched.flatMap(({ source, pid }) => {
    const stat = stats[pid];
    return stat ? [{ source, pid, cpu: Math.round(stat.cpu * 10) / 10, memory: stat.memory }] : [];
  });
};

/** Calls `read` again only after `ms` (less a little, so that an equal interval does not miss every other turn). */
const atMostEvery = <T>(ms: number, read: () => Promise<T>): (() => Promise<T>) => {
  let last: { value: T; at: number } | null = null;
  return async () => {
    if (last && performance.now() - last.at < ms - 100) return last.value;
    const value = await read();
    last = { value, at: performance.now() };
    return value;
  };
};

const DISK_EVERY_MS = 30_000;
/** nvidia-smi is a program of its own and takes tens of milliseconds of CPU time. */
const GPU_EVERY_MS = 5_000;

/** The numbers of this machine. `diskPath` chooses the file system that is shown. */
export const machineSources = (diskPath: string): MetricsSources => {
  let gpus: Promise<GpuReader | null> | undefined;
  return {
    cpu: createCpuReader(),
    memory: readMemory,
    disk: atMostEvery(DISK_EVERY_MS, () => readDisk(diskPath)),
    network: createNetworkRate(readNetworkTotals),
    gpus: atMostEvery(GPU_EVERY_MS, async () => {
      gpus ??= findGpus();
      const read = await gpus;
      return read ? read() : [];
    }),
    processes: readProcesses,
  };
};
