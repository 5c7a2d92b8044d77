/**
 * The actors for people who want to see them: all of them as they are, and each step of each while somebody watches. XState is
 * observed only while there is a watcher, so that the product pays nothing for it otherwise.
 */
import type { AnyActorRef, InspectedSnapshotEvent, InspectionEvent } from 'xstate';
import type { Services } from '../commands/services.ts';
import type { InspectedActorView, InspectorFrameView } from '../contracts/views.ts';
import { redacted } from './inspector-redaction.ts';

/** Frames are sent together this often, so that a burst of progress is one message. */
const BATCH_MS = 50;
/** Beyond this many in one batch the oldest are left out; their numbers are the gap that tells so. */
const MOST_PER_BATCH = 500;

/** The parts of an actor that are there whatever its logic is. */
interface Watched {
  sessionId: string;
  id: string;
  _parent?: AnyActorRef;
  logic?: { id?: unknown; machine?: unknown; config?: unknown };
  getSnapshot(): unknown;
}

interface MachineSnapshot {
  value: unknown;
  context: unknown;
  status: InspectedActorView['status'];
  children: Record<string, AnyActorRef | undefined>;
}

const isMachine = (snapshot: unknown): snapshot is MachineSnapshot =>
  typeof snapshot === 'object' && snapshot !== null && 'value' in snapshot && 'children' in snapshot;

/** `{running: 'idle'}` becomes "running.idle". */
const stateName = (value: unknown): string | null => {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return null;
  return Object.entries(value)
    .map(([key, inner]) => `${key}.${stateName(inner) ?? ''}`)
    .join(' ');
};

const statusOf = (snapshot: unknown): InspectedActorView['status'] =>
  typeof snapshot === 'object' && snapshot !== null && 'status' in snapshot
    ? (snapshot.status as InspectedActorView['status'])
    : 'active';

/** Children are named by their parents, so a port's name leads to the model it serves. */
const nameOf = (actor: Watched): string => {
  const parent = actor._parent as unknown as Watched | undefined;
  if (parent === undefined) return 'supervisor';
  return parent._parent === undefined ? actor.id : `${nameOf(parent)}/${actor.id}`;
};

const viewOf = (ref: AnyActorRef, snapshot: unknown = ref.getSnapshot()): InspectedActorView => {
  const actor = ref as unknown as Watched;
  const machine = isMachine(snapshot) ? snapshot : null;
  const id = actor.logic?.id;
  return {
    id: actor.sessionId,
    name: nameOf(actor),
    machine: machine !== null && typeof id === 'string' ? id : null,
    parent: actor._parent?.sessionId ?? null,
    status: statusOf(snapshot),
    state: machine === null ? null : stateName(machine.value),
    context: machine === null ? null : redacted(machine.context),
  };
};

const walk = (ref: AnyActorRef): InspectedActorView[] => {
  const snapshot: unknown = ref.getSnapshot();
  const children = isMachine(snapshot) ? Object.values(snapshot.children) : [];
  return [viewOf(ref, snapshot), ...children.flatMap((child) => (child === undefined ? [] : walk(child)))];
};

/** The inspector of the system that `root` begins. `root` is asked for lazily, because services are made before it starts. */
export const createInspector = (root: () => AnyActorRef, now: () => number): Services['inspector'] => {
  const watchers = new Set<(frames: InspectorFrameView[]) => void>();
  const before = new Map<string, string | null>();
  /** Who sent the event that the actor is about to take. */
  const sources = new Map<string, string | null>();
  let batch: InspectorFrameView[] = [];
  let timer: NodeJS.Timeout | null = null;
  let observing: { unsubscribe(): void } | null = null;
  let seq = 0;

  const flush = (): void => {
    timer = null;
    const frames = batch;
    batch = [];
    for (const watcher of watchers) watcher(frames);
  };

  const noteStep = ({ actorRef, snapshot, event }: InspectedSnapshotEvent): void => {
    const actor = viewOf(actorRef as AnyActorRef, snapshot);
    seq += 1;
    batch.push({
      seq,
      at: now(),
      actor,
      before: before.get(actor.id) ?? null,
      source: sources.get(actor.id) ?? null,
      event: redacted(event) as InspectorFrameView['event'],
    });
    sources.delete(actor.id);
    if (actor.status === 'active') before.set(actor.id, actor.state);
    else before.delete(actor.id);
    if (batch.length > MOST_PER_BATCH) batch.shift();
    timer ??= setTimeout(flush, BATCH_MS);
  };

  const observe = (event: InspectionEvent): void => {
    if (event.type === '@xstate.event') sources.set(event.actorRef.sessionId, event.sourceRef?.sessionId ?? null);
    else if (event.type === '@xstate.snapshot') noteStep(event);
  };

  const end = (): void => {
    observing?.unsubscribe();
    observing = null;
    if (timer !== null) clearTimeout(timer);
    timer = null;
    batch = [];
    before.clear();
    sources.clear();
  };

  return {
    actors: () => walk(root()),
    seq: () => seq,
    watch(listener) {
      watchers.add(listener);
      if (observing === null) {
        for (const { id, state } of walk(root())) before.set(id, state);
        observing = root().system.inspect(observe);
      }
      return () => {
        watchers.delete(listener);
        if (watchers.size === 0) end();
      };
    },
  };
};
