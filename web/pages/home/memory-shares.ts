/** Who has the machine's memory. Pure. */
import type { MetricsView } from '../../../src/contracts/views.ts';

export interface MemoryShare {
  /** "model:<id>", "llamactor", "other" or "free". */
  key: string;
  kind: 'model' | 'llamactor' | 'other' | 'free';
  bytes: number;
}

/**
 * Models (largest first), Llamactor's own processes, everything else, and what is free; together the machine's memory.
 * Resident memory counts shared pages once for each process, so the parts are cut where they would exceed what is in use.
 */
export const memoryShares = (metrics: Pick<MetricsView, 'memory' | 'processes'>): MemoryShare[] => {
  const models = metrics.processes
    .filter((process) => process.source.startsWith('model:'))
    .map((process): MemoryShare => ({ key: process.source, kind: 'model', bytes: process.memory }))
    .sort((a, b) => b.bytes - a.bytes);
  const own = metrics.processes
    .filter((process) => !process.source.startsWith('model:'))
    .reduce((sum, process) => sum + process.memory, 0);
  let left = metrics.memory.usedBytes;
  const parts = [...models, { key: 'llamactor', kind: 'llamactor' as const, bytes: own }].map((share): MemoryShare => {
    const bytes = Math.min(share.bytes, left);
    left -= bytes;
    return { ...share, bytes };
  });
  return [
    ...parts.filter((share) => share.bytes > 0),
    { key: 'other', kind: 'other', bytes: left },
    { key: 'free', kind: 'free', bytes: Math.max(0, metrics.memory.totalBytes - metrics.memory.usedBytes) },
  ];
};
