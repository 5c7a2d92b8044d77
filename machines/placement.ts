/**
 * Who may be in memory: by count and by a simple memory check. Pure, and every verdict comes with its arithmetic.
 */
import type { ModelState } from './model.machine.ts';

/** A model that occupies memory, or is about to. */
export interface Resident {
  id: string;
  state: ModelState;
  /** Estimated or measured bytes. */
  bytes: number;
  inFlight: number;
  /** End of the last request or of the load, epoch ms. */
  lastUsedAt: number;
  pinned: boolean;
}

export interface PlacementLimits {
  modelsMax: number;
  /** Bytes that stay free. */
  reserveBytes: number;
}

export type Placement =
  | { verdict: 'admit'; reason: string }
  | { verdict: 'evict'; ids: string[]; reason: string }
  | { verdict: 'wait'; reason: string }
  | { verdict: 'refuse'; reason: string };

const GIB = 1024 ** 3;
const gib = (bytes: number): string => `${(bytes / GIB).toFixed(2)} GiB`;

/**
 * Decides what must happen before `wanted` may load.
 *
 * @param availableBytes memory free now, or null when unknown (then only the count decides)
 * @returns admit, evict (idle, unpinned models, least recently used first), wait (for busy or stopping ones) or refuse
 */
export const place = (
  wanted: { id: string; bytes: number },
  residents: readonly Resident[],
  limits: PlacementLimits,
  availableBytes: number | null,
): Placement => {
  const others = residents.filter((resident) => resident.id !== wanted.id);
  const leaving = others.filter((resident) => resident.state === 'stopping');
  const staying = others.filter((resident) => resident.state !== 'stopping');
  // One that is still loading, or waits to start again, has not taken its memory yet, so it is subtracted from what looks free.
  const promised = sum(staying.filter((resident) => resident.state === 'loading' || resident.state === 'error'));
  const free = availableBytes === null ? Number.POSITIVE_INFINITY : availableBytes - promised - limits.reserveBytes;
  const arithmetic =
    availableBytes === null
      ? ''
      : ` It needs ${gib(wanted.bytes)}; ${gib(Math.max(0, free))} are free after a reserve of ${gib(limits.reserveBytes)}.`;

  const shortNow = short(others.length, free);
  if (!shortNow) return { verdict: 'admit', reason: `There is room.${arithmetic}` };
  if (!short(staying.length, free + sum(leaving))) {
    return { verdict: 'wait', reason: `Waiting for ${names(leaving)} to leave.${arithmetic}` };
  }

  const idle = staying
    .filter(
      (resident) =>
        resident.inFlight === 0 && !resident.pinned && (resident.state === 'loaded' || resident.state === 'error'),
    )
    .toSorted((a, b) => a.lastUsedAt - b.lastUsedAt);
  const evicted: Resident[] = [];
  for (const candidate of idle) {
    evicted.push(candidate);
    if (!short(staying.length - evicted.length, free + sum(leaving) + sum(evicted))) {
      return {
        verdict: 'evict',
        ids: evicted.map((model) => model.id),
        reason: `${names(evicted)} leave, idle the longest, to make room for ${wanted.id}.${arithmetic}`,
      };
    }
  }

  const movable = staying.filter((resident) => !resident.pinned);
  if (!short(staying.length - movable.length, free + sum(leaving) + sum(movable))) {
    return {
      verdict: 'wait',
      reason: `Waiting until ${names(movable.filter((model) => !idle.includes(model)))} are idle.${arithmetic}`,
    };
  }
  const pins = staying.length - movable.length;
  return {
    verdict: 'refuse',
    reason: `${wanted.id} does not fit even with every unpinned model unloaded${pins > 0 ? ` (${pins} pinned)` : ''}.${arithmetic}`,
  };

  function short(count: number, bytes: number): boolean {
    return count + 1 > limits.modelsMax || bytes < wanted.bytes;
  }
};

const sum = (residents: readonly Resident[]): number =>
  residents.reduce((total, resident) => total + resident.bytes, 0);
const names = (residents: readonly Resident[]): string =>
  residents.map((resident) => resident.id).join(', ') || 'others';
