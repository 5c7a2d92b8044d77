/** What the engine's own accounts of its memory (`fit_memory_breakdown`) say, by device. Pure. */
import type { MeasuredMemory, MemoryParts } from '../../../machines/process.ts';
import { FITTED_CONTEXT } from '../models/memory-estimate.ts';
import type { MemoryRow } from './child-protocol.ts';

const none = (): MemoryParts => ({ model: 0, context: 0, compute: 0 });
const add = (to: MemoryParts, row: MemoryRow): void => {
  to.model += row.model;
  to.context += row.context;
  to.compute += row.compute;
};

/** Main memory under any of its names: "Host", "CPU", "CPU_REPACK", "CUDA_Host". */
const isRam = ({ kind, name }: MemoryRow): boolean => kind === 'host' || /^cpu|host/i.test(name);

/**
 * One account is what was taken. Several mean that the engine fitted the model to the memory there was: the first is what it
 * wished for, the last its smallest trial, with 4 096 tokens; what it settled on it does not say (measured with 0.7.0). The
 * context's part then follows from the tokens really given, because it grows with them.
 *
 * @param accounts in the order they were written
 * @param contextTokens tokens of all slots together that were given, or null
 */
export const measuredMemory = (
  accounts: readonly (readonly MemoryRow[])[],
  contextTokens: number | null,
): MeasuredMemory | null => {
  const last = accounts.at(-1);
  const first = accounts[0];
  if (last === undefined || first === undefined || last.length === 0) return null;
  const scale = accounts.length > 1 && contextTokens !== null ? Math.max(1, contextTokens / FITTED_CONTEXT) : 1;
  const ram = none();
  const gpus = new Map<number, MemoryParts>();
  for (const row of last) {
    const wished = first.find(({ name }) => name === row.name)?.context ?? row.context;
    const grown = { ...row, context: Math.min(Math.max(row.context, wished), row.context * scale) };
    if (isRam(row)) {
      add(ram, grown);
      continue;
    }
    // "CUDA1" is the second device; a name without a number is the next one.
    const device = Number(/(\d+)$/.exec(row.name)?.[1] ?? gpus.size);
    const parts = gpus.get(device) ?? none();
    gpus.set(device, parts);
    add(parts, grown);
  }
  const count = Math.min(64, Math.max(0, ...[...gpus.keys()].map((device) => device + 1)));
  return { ram, gpus: Array.from({ length: count }, (_, device) => gpus.get(device) ?? none()), contextTokens };
};
