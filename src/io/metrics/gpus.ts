import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import si from 'systeminformation';
import type { GpuMetricsView } from '../../contracts/views.ts';

const run = promisify(execFile);
const MIB = 1024 * 1024;
const ASK_TIMEOUT_MS = 5_000;

const numberOrNull = (text: string | undefined, factor = 1): number | null => {
  const value = Number.parseFloat(text ?? '');
  return Number.isFinite(value) ? value * factor : null;
};

const NVIDIA_ARGS = [
  '--query-gpu=name,utilization.gpu,memory.used,memory.total,power.draw,power.limit,temperature.gpu',
  '--format=csv,noheader,nounits',
];

/**
 * Lines of `nvidia-smi --query-gpu=name,utilization.gpu,memory.used,memory.total,power.draw,power.limit,temperature.gpu
 * --format=csv,noheader,nounits`: memory in MiB, power in watts, "[N/A]" for what a card does not report. Read from the
 * right, because a name may hold a comma.
 */
export const parseNvidia = (csv: string): GpuMetricsView[] => {
  const rows = csv.split('\n').map((line) => line.split(',').map((cell) => cell.trim()));
  return rows
    .filter((cells) => cells.length >= 7)
    .map((cells) => {
      const [usage, used, total, power, limit, temperature] = cells.slice(-6);
      return {
        name: cells.slice(0, -6).join(', '),
        usage: numberOrNull(usage),
        memoryUsed: numberOrNull(used, MIB),
        memoryTotal: numberOrNull(total, MIB),
        powerUsage: numberOrNull(power),
        powerLimit: numberOrNull(limit),
        temperature: numberOrNull(temperature),
      };
    });
};

const readNvidia = async (): Promise<GpuMetricsView[]> => {
  const { stdout } = await run('nvidia-smi', NVIDIA_ARGS, { timeout: ASK_TIMEOUT_MS, windowsHide: true });
  return parseNvidia(stdout);
};

const readNumber = async (file: string, factor = 1): Promise<number | null> => {
  try {
    return numberOrNull(await fs.readFile(file, 'utf8'), factor);
  } catch {
    return null;
  }
};

const sensorFolderOf = async (device: string): Promise<string | null> => {
  try {
    const [first] = await fs.readdir(path.join(device, 'hwmon'));
    return first ? path.join(device, 'hwmon', first) : null;
  } catch {
    return null;
  }
};

/** One card by the files the amdgpu driver offers (kernel documentation, gpu/amdgpu: bytes, microwatts, millidegrees). */
const readAmd = async (device: string): Promise<GpuMetricsView> => {
  const sensors = (await sensorFolderOf(device)) ?? path.join(device, 'hwmon');
  const name = await fs.readFile(path.join(device, 'product_name'), 'utf8').catch(() => '');
  return {
    name: name.trim() || 'AMD GPU',
    usage: await readNumber(path.join(device, 'gpu_busy_percent')),
    memoryUsed: await readNumber(path.join(device, 'mem_info_vram_used')),
    memoryTotal: await readNumber(path.join(device, 'mem_info_vram_total')),
    powerUsage:
      (await readNumber(path.join(sensors, 'power1_average'), 1e-6)) ??
      (await readNumber(path.join(sensors, 'power1_input'), 1e-6)),
    powerLimit: await readNumber(path.join(sensors, 'power1_cap'), 1e-6),
    temperature: await readNumber(path.join(sensors, 'temp1_input'), 1e-3),
  };
};

const amdCards = async (root: string): Promise<string[]> => {
  const names = await fs.readdir(root).catch(() => []);
  const devices = names.filter((name) => /^card\d+$/.test(name)).map((name) => path.join(root, name, 'device'));
  const checked = await Promise.all(
    devices.map(async (device) =>
      (await readNumber(path.join(device, 'mem_info_vram_total'))) === null ? null : device,
    ),
  );
  return checked.filter((device) => device !== null).sort();
};

/** Names and sizes only: on these systems the load of a card cannot be asked for without special rights. */
const fixedCards = async (): Promise<GpuMetricsView[]> => {
  const { controllers } = await si.graphics();
  return controllers
    .filter((card) => card.model)
    .map((card) => ({
      name: card.model,
      usage: card.utilizationGpu ?? null,
      memoryUsed: null,
      memoryTotal: card.vram ? card.vram * MIB : null,
      powerUsage: null,
      powerLimit: null,
      temperature: null,
    }));
};

export type GpuReader = () => Promise<GpuMetricsView[]>;

/**
 * Looks once for what can tell about GPUs and returns how to read them, or null when there is nothing to read, so that
 * neither nvidia-smi nor a search is started again on a machine without one. systeminformation's own search runs several
 * programs synchronously, so it is used only where nothing else can answer.
 */
export const findGpus = async (cards = '/sys/class/drm'): Promise<GpuReader | null> => {
  const readers: GpuReader[] = [];
  const nvidia = await readNvidia().catch(() => []);
  if (nvidia.length > 0) readers.push(readNvidia);
  const amd = process.platform === 'linux' ? await amdCards(cards) : [];
  if (amd.length > 0) readers.push(() => Promise.all(amd.map(readAmd)));
  if (readers.length === 0 && (process.platform === 'darwin' || process.platform === 'win32')) {
    const fixed = await fixedCards();
    if (fixed.length > 0) readers.push(() => Promise.resolve(fixed));
  }
  if (readers.length === 0) return null;
  return async () => (await Promise.all(readers.map((read) => read()))).flat();
};
