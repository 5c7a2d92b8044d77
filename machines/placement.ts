/**
 * Who may be in memory: by count, by device and by group. Pure, and every verdict comes with its arithmetic.
 *
 * Groups: a group listed as exclusive shares memory with nobody else. A model of it and a model of another group, or of none,
 * are never in memory together; models of the same group are. Every other group is a mere label.
 */
import { amount, covers, deviceName, devicesOf, minus, onDevice, plus, shortage, sumOf } from './devices.ts';
import type { DeviceBytes } from './devices.ts';
import type { ModelState } from './model.machine.ts';

/** A model that occupies memory, or is about to. */
export interface Resident {
  id: string;
  state: ModelState;
  /** Estimated or measured. */
  bytes: DeviceBytes;
  inFlight: number;
  /** End of the last request or of the load, epoch ms. */
  lastUsedAt: number;
  pinned: boolean;
  /** Idle models of lower priority leave first. */
  priority: number;
  group: string | null;
  /** Chosen to leave before: the router hands it nothing new. It stays chosen, whatever it still answers. */
  yielding: boolean;
  /** It has been loaded for a quantum, so that others that wait may make it yield although it is busy. */
  mayYield: boolean;
}

export interface Wanted {
  id: string;
  /** The least it can run with. */
  needs: DeviceBytes;
  group: string | null;
}

export interface PlacementLimits {
  modelsMax: number;
  /** Bytes that stay free in main memory and on each GPU. */
  reserve: { ram: number; gpu: number };
  exclusiveGroups: readonly string[];
  /** A load that has waited this long for busy models makes them yield, ms. */
  quantumMs: number;
}

/** The numbers behind a verdict. */
export interface PlacementDetails {
  required: DeviceBytes;
  /** What is free now, after what others were promised and the reserve; null when memory is unknown. */
  free: DeviceBytes | null;
  /** What is missing now; zero where there is enough. */
  short: DeviceBytes;
  /** Models that count against the limit. */
  present: number;
  modelsMax: number;
  /** Models of other groups that it cannot be together with. */
  conflicts: string[];
}

export type Placement = { reason: string; details: PlacementDetails } & (
  | { verdict: 'admit' }
  /** `ids` are idle or yield already: they may leave. */
  | { verdict: 'evict'; ids: string[] }
  /** `ids` would have to leave; of them, or of those that are leaving already, `waitsFor` are not done yet. */
  | { verdict: 'wait'; ids: string[]; waitsFor: string[] }
  | { verdict: 'refuse' }
);

/** What a model asks of the others before it can be there. */
export interface Room {
  others: readonly Resident[];
  details: PlacementDetails;
  /** Whether it fits once `gone` have left. */
  fitsWithout(gone: readonly Resident[]): boolean;
}

/** @param available bytes free now by device, or null when unknown (then count and groups decide) */
export const roomFor = (
  wanted: Wanted,
  residents: readonly Resident[],
  limits: PlacementLimits,
  available: DeviceBytes | null,
): Room => {
  const others = residents.filter(({ id }) => id !== wanted.id);
  const conflicts = others.filter(({ group }) => areApart(wanted.group, group, limits.exclusiveGroups));
  const freeWithout = (gone: readonly Resident[]): DeviceBytes | null => {
    if (available === null) return null;
    // One that loads, or waits to start again, has not taken its memory yet, so what it was promised is not free; one that has
    // taken it gives it back when it goes.
    const promised = others.filter((other) => !gone.includes(other) && !holdsMemory(other));
    const givenBack = gone.filter(holdsMemory);
    const free = minus(plus(available, bytesOf(givenBack)), bytesOf(promised));
    return { ram: free.ram - limits.reserve.ram, gpus: free.gpus.map((bytes) => bytes - limits.reserve.gpu) };
  };
  const free = freeWithout([]);
  return {
    others,
    details: {
      required: wanted.needs,
      free,
      short: free === null ? { ram: 0, gpus: [] } : shortage(free, wanted.needs),
      present: others.length,
      modelsMax: limits.modelsMax,
      conflicts: conflicts.map(({ id }) => id),
    },
    fitsWithout(leavers) {
      const gone = others.filter((other) => leavers.includes(other));
      if (others.length - gone.length + 1 > limits.modelsMax) return false;
      if (conflicts.some((other) => !gone.includes(other))) return false;
      const then = freeWithout(gone);
      return then === null || covers(then, wanted.needs);
    },
  };
};

/**
 * Decides what must happen before `wanted` may load.
 *
 * Who leaves: those that yield already, then idle ones by priority, then by how long they have been idle; and of those as few
 * as will do, the most deserving spared first. Busy and pinned ones are never evicted. A wait is for models that are leaving,
 * or for the least deserving unpinned ones that still load or answer.
 */
export const place = (
  wanted: Wanted,
  residents: readonly Resident[],
  limits: PlacementLimits,
  available: DeviceBytes | null,
): Placement => {
  const { others, details, fitsWithout } = roomFor(wanted, residents, limits, available);
  const leaving = others.filter(({ state }) => state === 'stopping');
  const movable = others.filter(({ state, pinned }) => state !== 'stopping' && !pinned).toSorted(leastDeserving);
  const arithmetic = arithmeticOf(details, limits, available);

  if (fitsWithout([])) return { verdict: 'admit', reason: `There is room.${arithmetic}`, details };
  if (fitsWithout(leaving)) {
    const waitsFor = idsOf(leaving);
    const reason = `Waiting for ${words(waitsFor)} to leave.${arithmetic}`;
    return { verdict: 'wait', ids: [], waitsFor, reason, details };
  }
  const evicted = fewest(movable.filter(mayLeave), (gone) => fitsWithout([...leaving, ...gone]));
  if (evicted !== null) {
    const ids = idsOf(evicted);
    const reason = `${words(ids)} ${ids.length === 1 ? 'leaves' : 'leave'}, ${whyThey(evicted, movable)}, to make room for ${wanted.id}.${arithmetic}`;
    return { verdict: 'evict', ids, reason, details };
  }
  const needed = fewest(movable, (gone) => fitsWithout([...leaving, ...gone]));
  if (needed !== null) {
    const waitsFor = idsOf(needed.filter((model) => !mayLeave(model)));
    const reason = `Waiting until ${words(waitsFor)} ${waitsFor.length === 1 ? 'is' : 'are'} idle.${arithmetic}`;
    return { verdict: 'wait', ids: idsOf(needed), waitsFor, reason, details };
  }
  const pins = others.filter(({ state, pinned }) => state !== 'stopping' && pinned).length;
  return {
    verdict: 'refuse',
    reason: `${wanted.id} does not fit even with every unpinned model unloaded${pins > 0 ? ` (${pins} pinned)` : ''}.${arithmetic}`,
    details,
  };
};

/**
 * Whether loading `overtaker`, with `evicts` gone for it, could make `waiter` wait longer: whether there is any set of models
 * whose leaving would be enough for the waiter without the overtaker, but not with it.
 */
export const delays = (
  waiter: Wanted,
  overtaker: Resident,
  evicts: readonly string[],
  residents: readonly Resident[],
  limits: PlacementLimits,
  available: DeviceBytes | null,
): boolean => {
  const before = roomFor(waiter, residents, limits, available);
  const after = roomFor(waiter, [...residents.filter(({ id }) => id !== overtaker.id), overtaker], limits, available);
  const leaving = before.others.filter(({ state }) => state === 'stopping');
  const movable = before.others.filter(
    ({ id, state, pinned }) => state !== 'stopping' && !pinned && id !== overtaker.id,
  );
  if (movable.length > MOST_COMPARED) return true;
  const swapped = movable.filter(({ id }) => evicts.includes(id));
  for (let set = 0; set < 2 ** movable.length; set += 1) {
    const gone = [...leaving, ...movable.filter((_, nth) => (set >> nth) % 2 === 1)];
    if (before.fitsWithout(gone) && !after.fitsWithout([...new Set([...gone, ...swapped])])) return true;
  }
  return false;
};

/** Beyond this many models that might leave, trying every set of them takes too long, and nobody overtakes. */
const MOST_COMPARED = 10;

/** Whether two models must not be in memory together. */
const areApart = (a: string | null, b: string | null, exclusive: readonly string[]): boolean =>
  a !== b && [a, b].some((group) => group !== null && exclusive.includes(group));

/** Whether it has taken its memory: from the end of its loading until its process has left. */
export const holdsMemory = ({ state }: { state: ModelState }): boolean => state === 'loaded' || state === 'stopping';

const mayLeave = ({ state, inFlight, yielding }: Resident): boolean =>
  (state === 'loaded' || state === 'error') && (yielding || inFlight === 0);

/** Those that yield before the idle ones, these before the busy ones, and last those that still load. */
const rank = (model: Resident): number =>
  model.yielding ? 0 : mayLeave(model) ? 1 : model.state === 'loading' ? 4 : model.mayYield ? 2 : 3;

const leastDeserving = (a: Resident, b: Resident): number =>
  rank(a) - rank(b) || a.priority - b.priority || a.lastUsedAt - b.lastUsedAt;

/** As few of `candidates` (least deserving first) as are enough, or null when all of them are not. */
const fewest = (candidates: readonly Resident[], enough: (gone: readonly Resident[]) => boolean): Resident[] | null => {
  if (!enough(candidates)) return null;
  let chosen: Resident[] = [];
  while (!enough(chosen)) chosen = candidates.slice(0, chosen.length + 1);
  for (const spared of chosen.toReversed()) {
    const others = chosen.filter((model) => model !== spared);
    if (enough(others)) chosen = others;
  }
  return chosen;
};

const whyThey = (evicted: readonly Resident[], movable: readonly Resident[]): string => {
  if (evicted.some(({ yielding }) => yielding)) return 'next to yield';
  const idle = movable.filter(mayLeave);
  const kept = idle.filter((model) => !evicted.includes(model));
  if (kept.some(({ priority }) => evicted.every((model) => model.priority < priority)))
    return 'idle and of lower priority';
  return evicted.every((model) => idle.indexOf(model) < evicted.length)
    ? 'idle the longest'
    : 'idle and the fewest that are enough';
};

const arithmeticOf = (details: PlacementDetails, limits: PlacementLimits, available: DeviceBytes | null): string => {
  const { required, free, present, modelsMax, conflicts } = details;
  const parts: string[] = [];
  if (present + 1 > modelsMax) parts.push(` ${present} of ${modelsMax} models are there.`);
  if (conflicts.length > 0) parts.push(` Its group is not loaded together with ${words(conflicts)}.`);
  if (available === null || free === null) return parts.join('');
  const devices = devicesOf(required);
  const many = devices.length > 1 || devices[0] !== 0;
  const each = (say: (device: number) => number): string =>
    devices.map((device) => amount(Math.max(0, say(device))) + (many ? ` (${deviceName(device)})` : '')).join(' and ');
  const reserve = each((device) => (device === 0 ? limits.reserve.ram : limits.reserve.gpu));
  parts.push(
    ` It needs ${each((device) => onDevice(required, device))}; ${each((device) => onDevice(free, device))} are free after a reserve of ${reserve}.`,
  );
  return parts.join('');
};

const bytesOf = (residents: readonly Resident[]): DeviceBytes => sumOf(residents.map(({ bytes }) => bytes));
const idsOf = (residents: readonly Resident[]): string[] => residents.map(({ id }) => id);
const words = (ids: readonly string[]): string => ids.join(', ') || 'others';
