/** The dry run: what would happen if a model were loaded now, with the numbers. Pure. */
import { deviceName, totalOf } from '../../machines/devices.ts';
import type { DeviceBytes } from '../../machines/devices.ts';
import { place } from '../../machines/placement.ts';
import type { PlacementLimits, Resident } from '../../machines/placement.ts';
import type { ExplainView } from '../contracts/commands.ts';
import type { ModelView } from '../contracts/views.ts';
import type { Demand } from './memory.ts';

const VERDICTS = { admit: 'fits', evict: 'evicts', wait: 'waits', refuse: 'refused' } as const;

export const explainPlacement = (now: {
  view: ModelView;
  demand: Demand;
  group: string | null;
  available: DeviceBytes | null;
  residents: readonly Resident[];
  /** Loads that wait. */
  queue: { id: string; reason: string }[];
  limits: PlacementLimits;
}): ExplainView => {
  const { view, demand, available, residents, limits } = now;
  const placement = place({ id: view.id, needs: demand.needs, group: now.group }, residents, limits, available);
  const { details } = placement;
  const ids = 'ids' in placement ? placement.ids : [];
  const verdict = view.state === 'loaded' ? 'loaded' : view.problem === null ? VERDICTS[placement.verdict] : 'refused';
  const reason =
    view.state === 'loaded'
      ? `${view.id} is loaded already.`
      : view.problem === null
        ? placement.reason
        : `${view.name} cannot be loaded: ${view.problem}`;
  const moves = verdict === 'evicts' || verdict === 'waits';
  return {
    modelId: view.id,
    verdict,
    reason,
    evicts: verdict === 'evicts' ? ids : [],
    requiredBytes: totalOf(demand.needs),
    availableBytes: available === null ? 0 : totalOf(available),
    required: demand.needs,
    takes: demand.takes,
    available,
    free: details.free,
    short: details.short,
    leaving: moves
      ? residents.flatMap((model) =>
          ids.includes(model.id) ? [{ id: model.id, bytes: model.bytes, why: whyIt(model) }] : [],
        )
      : [],
    waitsFor: moves && placement.verdict === 'wait' ? placement.waitsFor : [],
    modelsMax: limits.modelsMax,
    present: details.present,
    queue: now.queue,
    memory: view.memory,
    parts: demand.estimate.least.map(({ model, context, compute, other, measured }, device) => ({
      device: deviceName(device),
      model,
      context,
      compute,
      other,
      measured,
    })),
    contextTokens: demand.estimate.contextTokens,
  };
};

const whyIt = ({ state, inFlight, priority, yielding, lastUsedAt }: Resident): string => {
  if (yielding) return 'it was chosen to leave already';
  if (state === 'loading') return 'it is still loading';
  if (inFlight > 0) return `it is busy with ${inFlight} ${inFlight === 1 ? 'request' : 'requests'}`;
  return `it is idle since ${new Date(lastUsedAt).toISOString()}, priority ${priority}`;
};
