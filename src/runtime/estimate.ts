/** A simple estimate of what a model takes in memory, and what the machine has. */
import os from 'node:os';
import type { MetricsView, ParameterValue } from '../contracts/views.ts';
import type { Known } from './catalog.ts';

/** What llama-server fits a model's context down to when memory is short and nothing was asked for. */
const FITTED_CONTEXT = 4096;
/** Compute buffers and the process itself. */
const OVERHEAD_BYTES = 64 * 1024 * 1024;

/**
 * Bytes for weights, cache and overhead.
 *
 * The cache is layers × context × (key heads × key length + value heads × value length) × 2 bytes (f16), from the GGUF
 * header; where the header does not say, the weights alone count.
 */
export const estimateBytes = (known: Known, parameters: Readonly<Record<string, ParameterValue>>): number => {
  const facts = known.file?.facts ?? null;
  const weights = known.file?.size ?? 0;
  if (facts === null) return weights + OVERHEAD_BYTES;
  const asked = Number(parameters['ctx-size'] ?? 0);
  const context = asked > 0 ? asked : Math.min(FITTED_CONTEXT, facts.contextLength ?? FITTED_CONTEXT);
  const layers = facts.layers ?? 0;
  const kvHeads = facts.kvHeads ?? facts.heads ?? [];
  let perToken = 0;
  for (let layer = 0; layer < layers; layer += 1) {
    const heads = kvHeads[layer] ?? kvHeads[0] ?? 0;
    perToken += heads * ((facts.keyLength ?? 0) + (facts.valueLength ?? 0)) * 2;
  }
  if (facts.latentLength !== null) perToken = layers * facts.latentLength * 2;
  return weights + perToken * context + OVERHEAD_BYTES;
};

/** Memory that a new process can have, main memory and the GPUs' together; within a container, the container's. */
export const availableBytes = (metrics: MetricsView | null): number => {
  const gpus = (metrics?.gpus ?? []).reduce(
    (sum, gpu) => sum + Math.max(0, (gpu.memoryTotal ?? 0) - (gpu.memoryUsed ?? 0)),
    0,
  );
  return (typeof process.availableMemory === 'function' ? process.availableMemory() : os.freemem()) + gpus;
};
