/** The queue in front of loading, decided anew whenever something changes. Pure. */
import { onDevice, perDevice } from './devices.ts';
import type { DeviceBytes } from './devices.ts';
import type { ModelState } from './model.machine.ts';
import { delays, place } from './placement.ts';
import type { Placement, PlacementDetails, PlacementLimits, Resident } from './placement.ts';
import type { Refusal } from './process.ts';

/** What a person wants of a model beside its parameters. */
export interface ModelPolicy {
  /** Never evicted, and never left for being idle. */
  pinned: boolean;
  priority: number;
  group: string | null;
  /** Idle time after which it leaves, ms; null is never. */
  ttlMs: number | null;
}

export interface LoadRequest {
  id: string;
  requestId: string | null;
  /** The least it can run with, by device. */
  needs: DeviceBytes;
  /** What it will take where there is enough. */
  takes: DeviceBytes;
  by: string;
  at: number;
  /** Asked for by a request at the router, not by a person. */
  demand: boolean;
  policy: ModelPolicy;
}

export interface Pending extends LoadRequest {
  /** Tells requests apart that are otherwise alike. */
  serial: number;
  /** It has waited for its quantum: busy models yield to it now. */
  impatient: boolean;
  /** Who has left for it so far. */
  evicted: readonly string[];
}

export interface PresentModel extends Resident {
  retrying: boolean;
  /** Nothing of it would be broken off: the router has confirmed that it hands out nothing more and answers nothing. */
  clear: boolean;
}

export type AdmissionStep =
  | { kind: 'load'; request: Pending; bytes: DeviceBytes; reason: string; details: PlacementDetails | null }
  /** The router hands `id` nothing new; it is evicted once what it answers is answered. */
  | { kind: 'hold'; id: string; reason: string; details: PlacementDetails; for: string; fair: boolean }
  | { kind: 'evict'; id: string; reason: string; details: PlacementDetails; for: string; at: number }
  | { kind: 'refuse'; request: Pending; refusal: Refusal; details: PlacementDetails | null };

export interface AdmissionState {
  pending: readonly Pending[];
  residents: readonly PresentModel[];
  limits: PlacementLimits;
  available: DeviceBytes | null;
  engine: { state: 'waiting' | 'ready' | 'missing'; problem: string | null };
  router: 'usable' | 'stopped';
}

export interface Wait {
  serial: number;
  /** The same for as long as it waits for the same. */
  cause: string;
  reason: string;
  details: PlacementDetails | null;
}

export interface Admissions {
  steps: AdmissionStep[];
  pending: Pending[];
  /** Why each of `pending` waits, in their order. */
  waits: Wait[];
}

/** Whether a model in this state takes memory or will do so on its own. */
export const occupies = ({ state, retrying }: { state: ModelState; retrying: boolean }): boolean =>
  state === 'loading' || state === 'loaded' || state === 'stopping' || (state === 'error' && retrying);

/**
 * Works through the queue from its head.
 *
 * What one request will get is taken from the world before the next is looked at: models chosen to leave for it count as leaving,
 * itself counts as loading. So swaps that do not touch each other go on side by side, and nobody takes what another was
 * promised. A request that waits for busy models has been promised nothing yet; those behind it pass only if whichever models
 * leave first, it is served no later for it (`delays`).
 */
export const planAdmissions = (now: AdmissionState): Admissions => {
  const steps: AdmissionStep[] = [];
  const pending: Pending[] = [];
  const waits: Wait[] = [];
  const unpromised: Pending[] = [];
  const blocked = gate(now);
  let world = now.residents.filter(occupies);

  const wait = (request: Pending, cause: string, reason: string, details: PlacementDetails | null): void => {
    pending.push(request);
    waits.push({ serial: request.serial, cause, reason, details });
  };
  /** The first that would be served later for it, if there is one. */
  const delayedBy = (request: Pending, evicts: readonly string[]): Pending | undefined =>
    unpromised.find(
      (waiter) =>
        waiter.id === request.id ||
        evicts.includes(waiter.id) ||
        delays(wantedOf(waiter), loadingOf(request, request.takes), evicts, world, now.limits, now.available),
    );
  /** Takes from the world what `request` will have: `leavers` are as good as gone, and its place is taken. */
  const promise = (request: Pending, bytes: DeviceBytes, leavers: readonly string[]): void => {
    world = [
      ...world
        .filter(({ id }) => id !== request.id)
        .map((model) => (leavers.includes(model.id) ? { ...model, state: 'stopping' as const } : model)),
      { ...loadingOf(request, bytes), retrying: false, clear: false },
    ];
  };
  /** Asks `ids` to leave: at once when that breaks nothing off, else as soon as it does not. */
  const clearOut = (request: Pending, ids: readonly string[], { reason, details }: Placement, fair: boolean): void => {
    const leavers = world.filter(({ id }) => ids.includes(id));
    const ready = leavers.every(({ clear }) => clear);
    for (const { id } of leavers)
      steps.push(
        ready
          ? { kind: 'evict', id, reason, details, for: request.id, at: request.at }
          : { kind: 'hold', id, reason, details, for: request.id, fair },
      );
  };

  for (const request of now.pending) {
    if (blocked !== null && blocked !== 'wait') {
      steps.push({ kind: 'refuse', request, refusal: blocked, details: null });
      continue;
    }
    if (blocked === 'wait') {
      wait(request, 'engine', 'Waiting for llama-server to be found or installed.', null);
      continue;
    }
    const first = pending.find(({ id }) => id === request.id);
    if (first !== undefined) {
      const { cause, reason, details } = waits[pending.indexOf(first)] as Wait;
      wait(request, cause, reason, details);
      continue;
    }
    const present = world.find(({ id }) => id === request.id);
    // One that yields will have left by the time this request's turn comes, so it waits for its turn like any other.
    if ((present?.state === 'loaded' && !present.yielding) || present?.state === 'loading') {
      steps.push({ kind: 'load', request, bytes: present.bytes, reason: 'It is there already.', details: null });
      // To be asked for is to be used: whoever comes next must not find it the longest idle.
      const used = { ...present, lastUsedAt: Math.max(present.lastUsedAt, request.at) };
      world = world.map((model) => (model === present ? used : model));
      continue;
    }
    if (present?.state === 'stopping' || present?.state === 'loaded') {
      wait(request, 'itself', `Waiting for ${request.id} to leave first.`, null);
      promise(request, request.needs, []);
      continue;
    }
    const placement = place(wantedOf(request), world, now.limits, now.available);
    const { verdict, reason, details } = placement;
    const evicts = verdict === 'evict' ? placement.ids : [];
    const blocker = verdict === 'refuse' ? undefined : delayedBy(request, evicts);
    if (verdict === 'refuse') {
      const refusal: Refusal = { code: 'DOES_NOT_FIT', message: reason, retryAfter: null, details: { ...details } };
      steps.push({ kind: 'refuse', request, refusal, details });
    } else if (blocker !== undefined) {
      wait(
        request,
        `behind ${blocker.id}`,
        `Waiting for its turn: ${blocker.id} came first and needs the room.`,
        details,
      );
      if (verdict === 'wait' && placement.ids.length > 0) unpromised.push(request);
    } else if (verdict === 'admit') {
      const bytes = granted(request, details.free);
      steps.push({ kind: 'load', request, bytes, reason, details });
      promise(request, bytes, []);
    } else if (verdict === 'evict') {
      clearOut(
        request,
        evicts,
        placement,
        evicts.some((id) => isBusy(world, id)),
      );
      wait(request, `for ${evicts.join(', ')}`, reason, details);
      promise(request, request.needs, evicts);
    } else {
      wait(request, `for ${placement.waitsFor.join(', ')}`, reason, details);
      if (placement.ids.length === 0) promise(request, request.needs, []);
      else if (request.impatient && placement.waitsFor.every((id) => hadItsQuantum(world, id))) {
        const why = `${placement.ids.join(', ')} yields to ${request.id}, which has waited long enough. ${reason}`;
        clearOut(request, placement.ids, { ...placement, reason: why }, true);
        promise(request, request.needs, placement.ids);
      } else unpromised.push(request);
    }
  }
  return { steps, pending, waits };
};

/** One that has just been loaded serves for a quantum first; else two slow ones would drive each other out without serving anybody. */
const hadItsQuantum = (world: readonly PresentModel[], id: string): boolean =>
  world.some((model) => model.id === id && model.state === 'loaded' && model.mayYield);

const isBusy = (world: readonly PresentModel[], id: string): boolean =>
  world.some((model) => model.id === id && model.inFlight > 0);

/** What it takes beyond the least it needs, as far as there is something free. */
const granted = ({ needs, takes }: LoadRequest, free: DeviceBytes | null): DeviceBytes =>
  perDevice(needs, takes, (least, most, device) =>
    free === null ? Math.max(least, most) : Math.max(least, Math.min(most, onDevice(free, device))),
  );

export const wantedOf = ({ id, needs, policy }: Pick<LoadRequest, 'id' | 'needs' | 'policy'>) => ({
  id,
  needs,
  group: policy.group,
});

const loadingOf = ({ id, at, policy }: LoadRequest, bytes: DeviceBytes): Resident => ({
  id,
  state: 'loading',
  bytes,
  inFlight: 0,
  lastUsedAt: at,
  pinned: policy.pinned,
  priority: policy.priority,
  group: policy.group,
  yielding: false,
  mayYield: false,
});

const gate = (now: AdmissionState): Refusal | 'wait' | null => {
  if (now.router === 'stopped') {
    return {
      code: 'INVALID_STATE',
      message: 'The router is stopped; start it before loading a model.',
      retryAfter: null,
    };
  }
  if (now.engine.state === 'missing') {
    return { code: 'ENGINE_MISSING', message: now.engine.problem ?? 'There is no llama-server.', retryAfter: null };
  }
  return now.engine.state === 'waiting' ? 'wait' : null;
};
