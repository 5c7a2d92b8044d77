/** The queue in front of loading: first come, first served, decided anew whenever something changes. Pure. */
import type { ModelState } from './model.machine.ts';
import { place } from './placement.ts';
import type { PlacementLimits, Resident } from './placement.ts';
import type { Refusal } from './process.ts';

export interface LoadRequest {
  id: string;
  requestId: string | null;
  bytes: number;
  by: string;
  at: number;
  /** Asked for by a request at the router, not by a person. */
  demand: boolean;
  /** Never evicted. */
  pinned: boolean;
}

export type AdmissionStep =
  | { kind: 'load'; request: LoadRequest; reason: string }
  | { kind: 'evict'; id: string; reason: string; for: string }
  | { kind: 'refuse'; request: LoadRequest; refusal: Refusal };

export interface AdmissionState {
  pending: readonly LoadRequest[];
  residents: readonly (Resident & { retrying: boolean })[];
  limits: PlacementLimits;
  availableBytes: number | null;
  engine: { state: 'waiting' | 'ready' | 'missing'; problem: string | null };
  router: 'usable' | 'stopped';
}

export interface Admissions {
  steps: AdmissionStep[];
  pending: LoadRequest[];
  /** Why the head of the queue waits, or null. */
  waiting: string | null;
}

/** Whether a model in this state takes memory or will do so on its own. */
const occupies = (state: ModelState, retrying: boolean): boolean =>
  state === 'loading' || state === 'loaded' || state === 'stopping' || (state === 'error' && retrying);

/** Works through the queue from its head until one has to wait; nobody overtakes the one that waits. */
export const planAdmissions = (now: AdmissionState): Admissions => {
  const steps: AdmissionStep[] = [];
  let residents = now.residents.filter((resident) => occupies(resident.state, resident.retrying));
  const pending = [...now.pending];
  let waiting: string | null = null;

  while (pending.length > 0) {
    const request = pending[0] as LoadRequest;
    const blocked = gate(now);
    if (blocked !== null && blocked !== 'wait') {
      steps.push({ kind: 'refuse', request, refusal: blocked });
      pending.shift();
      continue;
    }
    if (blocked === 'wait') {
      waiting = 'Waiting for llama-server to be found or installed.';
      break;
    }
    const present = residents.find((resident) => resident.id === request.id);
    if (present?.state === 'loaded' || present?.state === 'loading') {
      steps.push({ kind: 'load', request, reason: 'It is there already.' });
      // To be asked for is to be used: whoever comes next must not find it the longest idle.
      const used = { ...present, lastUsedAt: Math.max(present.lastUsedAt, request.at) };
      residents = residents.map((resident) => (resident === present ? used : resident));
      pending.shift();
      continue;
    }
    const placement = place(request, residents, now.limits, now.availableBytes);
    if (placement.verdict === 'refuse') {
      steps.push({
        kind: 'refuse',
        request,
        refusal: { code: 'DOES_NOT_FIT', message: placement.reason, retryAfter: null },
      });
      pending.shift();
      continue;
    }
    if (placement.verdict === 'admit' && present?.state !== 'stopping') {
      steps.push({ kind: 'load', request, reason: placement.reason });
      residents = [
        ...residents.filter((resident) => resident.id !== request.id),
        {
          id: request.id,
          state: 'loading',
          bytes: request.bytes,
          inFlight: 0,
          lastUsedAt: request.at,
          pinned: request.pinned,
          retrying: false,
        },
      ];
      pending.shift();
      continue;
    }
    if (placement.verdict === 'evict') {
      for (const id of placement.ids) steps.push({ kind: 'evict', id, reason: placement.reason, for: request.id });
    }
    waiting = placement.verdict === 'admit' ? `Waiting for ${request.id} to leave first.` : placement.reason;
    break;
  }
  return { steps, pending, waiting };
};

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
