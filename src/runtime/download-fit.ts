/** Whether this machine can hold a model of which only the size is known: nothing of it has been fetched yet. */
import os from 'node:os';
import type { DownloadFit } from '../contracts/downloads.ts';
import type { MetricsView } from '../contracts/views.ts';
import { bytesOfParts, estimateMemory } from '../io/models/memory-estimate.ts';

/** Weights and what comes on top of them, by the estimate that admission uses, without a header to read. */
const requiredBytes = (fileBytes: number): number =>
  estimateMemory({ facts: null, fileBytes, mmprojBytes: 0, parameters: {}, gpus: [], measured: null }).least.reduce(
    (sum, parts) => sum + bytesOfParts(parts),
    0,
  );

/**
 * `fits`: in the GPUs' memory, or without a GPU in the main memory; `partly`: in both together; `no`: not at all.
 * The machine's whole memory counts, not what is free: other models can make room.
 */
export const fitOf = (fileBytes: number, metrics: MetricsView | null, reserveBytes: number): DownloadFit => {
  const required = requiredBytes(fileBytes);
  const main = (metrics?.memory.totalBytes ?? os.totalmem()) - reserveBytes;
  const gpus = (metrics?.gpus ?? []).reduce((sum, { memoryTotal }) => sum + (memoryTotal ?? 0), 0);
  if (required <= (gpus > 0 ? gpus : main)) return 'fits';
  return required <= gpus + main ? 'partly' : 'no';
};
