/** What the inspector holds: the actors at one moment, and the steps since. Pure. */
import type { InspectedActorView, InspectorFrameView } from '../../src/contracts/views.ts';

/** Steps that are kept; the oldest are folded into the picture they began from. */
export const MOST_STEPS = 2000;

export interface Inspection {
  /** The actors before the first of `frames`, by id. */
  base: ReadonlyMap<string, InspectedActorView>;
  frames: readonly InspectorFrameView[];
  /** Number of the last frame taken. */
  seq: number;
  /** Steps that never came: too many happened at once. */
  missed: number;
}

export const emptyInspection: Inspection = { base: new Map(), frames: [], seq: 0, missed: 0 };

const byId = (actors: readonly InspectedActorView[]): Map<string, InspectedActorView> =>
  new Map(actors.map((actor) => [actor.id, actor]));

export const begun = (seq: number, actors: readonly InspectedActorView[]): Inspection => ({
  ...emptyInspection,
  base: byId(actors),
  seq,
});

/** One step applied to a picture of the actors; an actor that has ended is kept as long as its parent is. */
const stepped = (actors: Map<string, InspectedActorView>, { actor }: InspectorFrameView): void => {
  actors.set(actor.id, actor);
};

/** Takes over what arrived; steps that the picture holds already are passed over. */
export const withFrames = (held: Inspection, arrived: readonly InspectorFrameView[]): Inspection => {
  const fresh = arrived.filter((frame) => frame.seq > held.seq);
  const [first] = fresh;
  const last = fresh.at(-1);
  if (first === undefined || last === undefined) return held;
  const all = [...held.frames, ...fresh];
  const surplus = Math.max(0, all.length - MOST_STEPS);
  const base = new Map(held.base);
  for (const frame of all.slice(0, surplus)) stepped(base, frame);
  const expected = last.seq - held.seq;
  return {
    base,
    frames: surplus === 0 ? all : all.slice(surplus),
    seq: last.seq,
    missed: held.missed + (expected - fresh.length),
  };
};

/** The actors after the first `steps` frames. */
export const actorsAfter = (held: Inspection, steps: number): ReadonlyMap<string, InspectedActorView> => {
  const actors = new Map(held.base);
  for (const frame of held.frames.slice(0, steps)) stepped(actors, frame);
  return actors;
};

export interface TreeRow {
  actor: InspectedActorView;
  depth: number;
}

/** Parents before their children, in the order in which they came to be; ports that have ended are left out. */
export const treeOf = (actors: ReadonlyMap<string, InspectedActorView>): TreeRow[] => {
  const children = new Map<string | null, InspectedActorView[]>();
  for (const actor of actors.values()) {
    if (actor.status !== 'active' && actor.machine === null) continue;
    const parent = actor.parent !== null && actors.has(actor.parent) ? actor.parent : null;
    children.set(parent, [...(children.get(parent) ?? []), actor]);
  }
  const rows: TreeRow[] = [];
  const add = (parent: string | null, depth: number): void => {
    for (const actor of children.get(parent) ?? []) {
      rows.push({ actor, depth });
      add(actor.id, depth + 1);
    }
  };
  add(null, 0);
  return rows;
};

export interface StepFilter {
  /** Only this actor's steps; null for all. */
  actor: string | null;
  /** Only steps that changed a state. */
  changesOnly: boolean;
  text: string;
}

export const stepMatches = (frame: InspectorFrameView, { actor, changesOnly, text }: StepFilter): boolean => {
  if (actor !== null && frame.actor.id !== actor) return false;
  if (changesOnly && (frame.actor.state === null || frame.actor.state === frame.before)) return false;
  const wanted = text.trim().toLowerCase();
  return wanted === '' || `${frame.event.type} ${frame.actor.name}`.toLowerCase().includes(wanted);
};
