/** Which charts there are on this machine. Pure. */
import type { MetricsView } from '../../../src/contracts/views.ts';
import { bytes, percent } from '../../format/numbers.ts';
import type { SeriesSpec } from './series.ts';

export interface ChartSpec {
  title: string;
  /** What the scale means, in small. */
  aside: string;
  specs: SeriesSpec[];
  max?: number;
  format: (value: number) => string;
}

const rate = (value: number): string => `${bytes(value)}/s`;
/** Processes may use several cores: 250 % is two and a half. */
const percentOfCore = (value: number): string => `${String(Math.round(value))}\u00a0%`;
const perMinute = (value: number): string =>
  value < 10 && value % 1 !== 0 ? value.toFixed(1) : String(Math.round(value));

const gpuCharts = (newest: MetricsView): ChartSpec[] => {
  if (newest.gpus.length === 0) return [];
  const names = newest.gpus.map((gpu, index) => (newest.gpus.length > 1 ? `${String(index)}: ${gpu.name}` : gpu.name));
  const most = Math.max(0, ...newest.gpus.map((gpu) => gpu.memoryTotal ?? 0));
  return [
    {
      title: 'GPU',
      aside: 'Percent of time busy',
      specs: names.map((label, index) => ({ label, read: (sample) => sample.gpus[index]?.usage ?? null })),
      max: 100,
      format: percent,
    },
    {
      title: 'GPU memory',
      aside: most > 0 ? `of ${bytes(most)}` : '',
      specs: names.map((label, index) => ({ label, read: (sample) => sample.gpus[index]?.memoryUsed ?? null })),
      ...(most > 0 ? { max: most } : {}),
      format: bytes,
    },
  ];
};

/** `newest` tells what the machine has; null while nothing was measured. */
export const chartsOf = (
  newest: MetricsView | null,
  sources: readonly string[],
  nameOf: (source: string) => string,
): ChartSpec[] => {
  const processOf = (sample: MetricsView, source: string) => sample.processes.find((one) => one.source === source);
  return [
    {
      title: 'CPU',
      aside: newest === null ? '' : `${String(newest.cpu.cores)} cores`,
      specs: [{ label: 'Whole machine', read: (sample) => sample.cpu.usage }],
      max: 100,
      format: percent,
    },
    {
      title: 'Memory',
      aside: newest === null ? '' : `of ${bytes(newest.memory.totalBytes)}`,
      specs: [{ label: 'In use', read: (sample) => sample.memory.usedBytes }],
      ...(newest === null ? {} : { max: newest.memory.totalBytes }),
      format: bytes,
    },
    ...(newest === null ? [] : gpuCharts(newest)),
    {
      title: 'Memory by process',
      aside: 'Resident',
      specs: sources.map((source) => ({
        label: nameOf(source),
        read: (sample) => processOf(sample, source)?.memory ?? null,
      })),
      format: bytes,
    },
    {
      title: 'CPU by process',
      aside: '100 % is one core',
      specs: sources.map((source) => ({
        label: nameOf(source),
        read: (sample) => processOf(sample, source)?.cpu ?? null,
      })),
      format: percentOfCore,
    },
    {
      title: 'Requests',
      aside: 'Per minute',
      specs: [{ label: 'Answered', read: (sample) => sample.requestsPerMinute }],
      format: perMinute,
    },
    {
      title: 'Network',
      aside: 'All interfaces',
      specs: [
        { label: 'Received', read: (sample) => sample.network.rx },
        { label: 'Sent', read: (sample) => sample.network.tx },
      ],
      format: rate,
    },
  ];
};

/** Two samples of a machine with the same parts need the same charts. */
export const sameMachine = (a: MetricsView | null, b: MetricsView | null): boolean => {
  const parts = (sample: MetricsView | null): unknown =>
    sample === null
      ? null
      : [sample.cpu.cores, sample.memory.totalBytes, sample.gpus.map((gpu) => [gpu.name, gpu.memoryTotal])];
  return JSON.stringify(parts(a)) === JSON.stringify(parts(b));
};
