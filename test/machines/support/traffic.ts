/** A router in miniature over a live supervisor: requests that come and last, lanes that are held, engines that take time. */
import type { LiveSupervisor } from './supervisor.ts';

export interface Traffic {
  /** How long a request takes, how long an engine loads and how long it takes to leave, ms. */
  lastsMs: number;
  loadMs: number;
  stopMs: number;
}

interface Lane {
  waiting: number[];
  /** Times at which the requests that are answered end. */
  active: number[];
  asked: boolean;
  state: string | undefined;
  dueAt: number;
}

const STEP_MS = 100;

export const createTraffic = (world: LiveSupervisor, { lastsMs, loadMs, stopMs }: Traffic) => {
  const lanes = new Map<string, Lane>();
  const waits: { id: string; ms: number }[] = [];
  const cuts: string[] = [];
  const now = () => world.simulated.now();
  const laneOf = (id: string): Lane => {
    const lane = lanes.get(id) ?? { waiting: [], active: [], asked: false, state: undefined, dueAt: 0 };
    lanes.set(id, lane);
    return lane;
  };
  const tell = (id: string, { waiting, active }: Lane): void =>
    world.use(id, waiting.length + active.length, active.length);

  const stepLane = (id: string, lane: Lane): void => {
    const before = lane.active.length;
    lane.active = lane.active.filter((end) => end > now());
    if (lane.active.length !== before) tell(id, lane);
    const state = world.stateOf(id);
    if (state !== lane.state) {
      lane.dueAt = now() + (state === 'loading' ? loadMs : stopMs);
      if (state === 'stopping' && lane.active.length > 0) cuts.push(id);
      if (state === 'unloaded') lane.asked = false;
    }
    lane.state = state;
    if (state === 'loading' && now() >= lane.dueAt) world.ready(id);
    if (state === 'stopping' && now() >= lane.dueAt) world.exit(id, 'KILLED');
    if (world.stateOf(id) === 'loaded') {
      lane.asked = false;
      if (!world.held.has(id) && lane.waiting.length > 0) {
        for (const since of lane.waiting) waits.push({ id, ms: now() - since });
        lane.active.push(...lane.waiting.map(() => now() + lastsMs));
        lane.waiting = [];
        tell(id, lane);
      }
    } else if (lane.waiting.length > 0 && !lane.asked) {
      lane.asked = true;
      world.demand(id);
    }
  };

  return {
    /** How long each request waited until it was handed to its engine. */
    waits,
    /** Models that were stopped while they answered. */
    cuts,
    waiting: (id: string) => laneOf(id).waiting.length,
    arrive(id: string): void {
      const lane = laneOf(id);
      lane.waiting.push(now());
      tell(id, lane);
    },
    /** Lets time pass; `each` is called at every step. */
    run(ms: number, each: (step: number) => void = () => undefined): void {
      for (let step = 0; step * STEP_MS < ms; step += 1) {
        each(step);
        for (const [id, lane] of lanes) stepLane(id, lane);
        world.simulated.increment(STEP_MS);
      }
    },
  };
};
