/**
 * The actors for people who want to see them: all of them as they are, and each step of each while somebody watches. XState is
 * observed only while there is a watcher, so that the product pays nothing for it otherwise.
 */
import type {
  AnyActorRef,
  AnyStateMachine,
  InspectedEventEvent,
  InspectedSnapshotEvent,
  InspectionEvent,
} from 'xstate';
import { engineMachine } from '../../machines/engine.machine.ts';
import { mcpServerMachine } from '../../machines/mcp-server.machine.ts';
import { mcpServersMachine } from '../../machines/mcp-servers.machine.ts';
import { modelMachine } from '../../machines/model.machine.ts';
import { routerMachine } from '../../machines/router.machine.ts';
import { runMachine } from '../../machines/run.machine.ts';
import { runQueueMachine } from '../../machines/run-queue.machine.ts';
import { sessionMachine } from '../../machines/session.machine.ts';
import { supervisorMachine } from '../../machines/supervisor.machine.ts';
import type { Services } from '../commands/services.ts';
import type { InspectedActorView, InspectorFrameView } from '../contracts/views.ts';
import { redacted } from './inspector-redaction.ts';

const MACHINES: readonly AnyStateMachine[] = [
  supervisorMachine,
  engineMachine,
  modelMachine,
  routerMachine,
  runQueueMachine,
  runMachine,
  sessionMachine,
  mcpServersMachine,
  mcpServerMachine,
];

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

/** An event on its way, with its place in the order of all sendings. */
interface Sent {
  event: object;
  source: string | null;
  order: number;
}

type Step = Omit<InspectorFrameView, 'seq'> & { order: number };

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
  if (parent === undefined) return typeof actor.logic?.id === 'string' ? actor.logic.id : 'supervisor';
  return parent._parent === undefined ? actor.id : `${nameOf(parent)}/${actor.id}`;
};

/** Of sessions only what is nobody's content: what a model says and types is its owner's alone. */
const PLAIN_OF_SESSIONS = ['id', 'steps', 'maxSteps', 'timeoutMs', 'wish', 'after', 'circles', 'crashes'] as const;
const isOfSession = (actor: Watched): boolean => {
  const parent = actor._parent as unknown as Watched | undefined;
  return parent === undefined ? actor.logic?.id === 'session' : isOfSession(parent);
};
const shownContext = (actor: Watched, context: unknown): unknown => {
  if (!isOfSession(actor)) return redacted(context);
  const fields = context as Record<string, unknown>;
  return redacted(Object.fromEntries(PLAIN_OF_SESSIONS.map((name) => [name, fields[name]])));
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
    context: machine === null ? null : shownContext(actor, machine.context),
  };
};

const walk = (ref: AnyActorRef): InspectedActorView[] => {
  const snapshot: unknown = ref.getSnapshot();
  const children = isMachine(snapshot) ? Object.values(snapshot.children) : [];
  return [viewOf(ref, snapshot), ...children.flatMap((child) => (child === undefined ? [] : walk(child)))];
};

/** Systems that come and go. */
export interface PassingActors {
  actors(): readonly AnyActorRef[];
  /** Observes those that are there and those that come. */
  inspect(observer: (event: InspectionEvent) => void): { unsubscribe(): void };
}

/** The inspector of the systems that `roots` begin. They are asked for lazily, because services are made before they start. */
export const createInspector = (
  roots: () => readonly AnyActorRef[],
  now: () => number,
  passing: PassingActors = { actors: () => [], inspect: () => ({ unsubscribe: () => undefined }) },
): Services['inspector'] => {
  const all = (): InspectedActorView[] => [...roots(), ...passing.actors()].flatMap(walk);
  const watchers = new Set<(frames: InspectorFrameView[]) => void>();
  const before = new Map<string, string | null>();
  /** Events that were sent and not taken yet, oldest first, with who sent them. */
  const sent = new Map<string, Sent[]>();
  let batch: Step[] = [];
  let order = 0;
  let timer: NodeJS.Timeout | null = null;
  let observing: { unsubscribe(): void }[] | null = null;
  let seq = 0;

  const flush = (): void => {
    timer = null;
    // XState tells a step when its effects are done, so the steps that it caused come first; by their sending, cause precedes effect.
    const steps = batch.toSorted((a, b) => a.order - b.order);
    batch = [];
    const frames = steps.map(({ order: _, ...step }) => ({ seq: (seq += 1), ...step })).slice(-MOST_PER_BATCH);
    for (const watcher of watchers) watcher(frames);
  };

  const noteSent = ({ actorRef, sourceRef, event }: InspectedEventEvent): void => {
    const waiting = sent.get(actorRef.sessionId) ?? [];
    waiting.push({ event, source: sourceRef?.sessionId ?? null, order: (order += 1) });
    sent.set(actorRef.sessionId, waiting);
  };

  /** The sending of an event that was just taken; what was sent before it and never taken is forgotten. */
  const sendingOf = (id: string, event: object): Sent => {
    const waiting = sent.get(id) ?? [];
    const index = waiting.findIndex((one) => one.event === event);
    const sending = waiting[index] ?? { event, source: null, order: (order += 1) };
    waiting.splice(0, index + 1);
    if (waiting.length === 0) sent.delete(id);
    return sending;
  };

  const noteStep = ({ actorRef, snapshot, event }: InspectedSnapshotEvent): void => {
    const actor = viewOf(actorRef as AnyActorRef, snapshot);
    const { source, order: taken } = sendingOf(actor.id, event);
    batch.push({
      order: taken,
      at: now(),
      actor,
      before: before.get(actor.id) ?? null,
      source,
      event: (isOfSession(actorRef as unknown as Watched)
        ? { type: event.type }
        : redacted(event)) as InspectorFrameView['event'],
    });
    if (actor.status === 'active') before.set(actor.id, actor.state);
    else before.delete(actor.id);
    timer ??= setTimeout(flush, BATCH_MS);
  };

  const observe = (event: InspectionEvent): void => {
    if (event.type === '@xstate.event') noteSent(event);
    else if (event.type === '@xstate.snapshot') noteStep(event);
  };

  const end = (): void => {
    for (const subscription of observing ?? []) subscription.unsubscribe();
    observing = null;
    if (timer !== null) clearTimeout(timer);
    timer = null;
    batch = [];
    before.clear();
    sent.clear();
  };

  return {
    actors: all,
    machines: () => MACHINES.map((machine) => ({ id: machine.id, definition: JSON.stringify(machine.definition) })),
    seq: () => seq,
    watch(listener) {
      watchers.add(listener);
      if (observing === null) {
        for (const { id, state } of all()) before.set(id, state);
        observing = [...roots().map((root) => root.system.inspect(observe)), passing.inspect(observe)];
      }
      return () => {
        watchers.delete(listener);
        if (watchers.size === 0) end();
      };
    },
  };
};
