/**
 * The root: starts engine and router, keeps the registry of models that have run, admits loads, and drains everything in
 * reverse order within one deadline. Models become actors when they are first loaded; until then they are rows elsewhere.
 */
import { assign, enqueueActions, sendTo, setup } from 'xstate';
import type { ActorRefFrom } from 'xstate';
import { planAdmissions } from './admission.ts';
import type { AdmissionState, LoadRequest } from './admission.ts';
import { engineMachine } from './engine.machine.ts';
import type { EngineReport, EngineState } from './engine.machine.ts';
import { modelMachine } from './model.machine.ts';
import type { ModelReport, ModelState } from './model.machine.ts';
import type { PlacementLimits } from './placement.ts';
import type { ProcessLimits, Refusal, Settlement } from './process.ts';
import type { RestartPolicy } from './restart-policy.ts';
import { routerMachine } from './router.machine.ts';
import type { RouterReport, RouterState } from './router.machine.ts';

export type SupervisorCommand =
  | ({ type: 'models.load'; availableBytes: number | null } & LoadRequest)
  | { type: 'models.unload'; id: string; requestId: string | null; by: string; at: number }
  | { type: 'models.unload-all'; by: string; at: number }
  | { type: 'models.reload'; id: string; by: string; at: number }
  /** The model's parameters changed: reload it when no request is in flight. */
  | { type: 'models.refresh'; id: string; by: string; at: number }
  | { type: 'models.keep'; id: string; by: string; at: number }
  | { type: 'models.reset'; id: string; by: string; at: number }
  /** A request stopped waiting: its deadline passed, or nobody at the router waits for the model any more. */
  | { type: 'models.cancel'; id: string; requestId: string | null }
  /** The record is gone. A model that still runs is unloaded first. */
  | { type: 'models.forget'; id: string; by: string; at: number }
  /** Requests in flight went from none to some, or back; `at` is when. */
  | { type: 'model.used'; id: string; inFlight: number; at: number }
  | { type: 'model.measured'; id: string; bytes: number }
  | { type: 'limits.changed'; placement: PlacementLimits; process: ProcessLimits }
  | { type: 'system.stop'; at: number };

export type SupervisorEvent = SupervisorCommand | ModelReport | RouterReport | EngineReport;

export type SupervisorEmitted =
  | { type: 'request.settled'; requestId: string; refusal: Refusal | null }
  | { type: 'demand.refused'; id: string; refusal: Refusal }
  | { type: 'model.spawned'; id: string }
  | {
      type: 'decision.made';
      kind: 'admitted' | 'evicted' | 'queued' | 'refused' | 'restarted' | 'gave-up';
      modelId: string;
      reason: string;
      by: string;
    };

export interface Row {
  ref: ActorRefFrom<typeof modelMachine>;
  state: ModelState;
  retrying: boolean;
  bytes: number;
  inFlight: number;
  lastUsedAt: number;
  pinned: boolean;
  /** Its record is gone; it goes as soon as its process has left. */
  forgotten: boolean;
}

export interface SupervisorInput {
  autoStart: boolean;
  autoInstall: boolean;
  preset: string;
  policy: RestartPolicy;
  process: ProcessLimits;
  routerProcess: ProcessLimits;
  placement: PlacementLimits;
  /** Everything must have stopped within this many ms after system.stop. */
  drainMs: number;
}

export interface SupervisorContext extends SupervisorInput {
  engine: ActorRefFrom<typeof engineMachine>;
  router: ActorRefFrom<typeof routerMachine>;
  engineState: EngineState;
  engineProblem: string | null;
  routerState: RouterState;
  routerRetrying: boolean;
  rows: Record<string, Row>;
  pending: LoadRequest[];
  /** Measured at the last load asked for, then kept up with what models took and gave back; null when unknown. */
  availableBytes: number | null;
  /** What was last said of the head of the queue, so that it is said once. */
  waiting: { id: string; reason: string } | null;
}

/** What is handed on to a model that has an actor, and is no news to one that never ran. */
const FORWARDED = {
  'models.reload': 'model.reload',
  'models.refresh': 'model.refresh',
  'models.keep': 'model.keep',
  'models.reset': 'model.reset',
} as const;
const isForwarded = (event: SupervisorEvent): event is Extract<SupervisorCommand, { type: keyof typeof FORWARDED }> =>
  Object.hasOwn(FORWARDED, event.type);

export const supervisorMachine = setup({
  types: {
    context: {} as SupervisorContext,
    events: {} as SupervisorEvent,
    input: {} as SupervisorInput,
    emitted: {} as SupervisorEmitted,
  },
  actors: { engine: engineMachine, model: modelMachine, router: routerMachine },
  actions: {
    startRouter: enqueueActions(({ context, enqueue }) => {
      if (context.autoStart)
        enqueue.sendTo(context.router, { type: 'router.start', requestId: null, by: 'server', at: 0 });
    }),
    startEngine: sendTo(({ context }) => context.engine, { type: 'engine.check', requestId: null, by: 'server' }),
    noteEngine: assign(({ event }) =>
      event.type === 'engine.reported' ? { engineState: event.state, engineProblem: event.problem } : {},
    ),
    noteRouter: assign(({ event }) =>
      event.type === 'router.reported' ? { routerState: event.state, routerRetrying: event.retrying } : {},
    ),
    noteLimits: assign(({ event }) =>
      event.type === 'limits.changed' ? { placement: event.placement, process: event.process } : {},
    ),
    noteModel: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'model.reported') return;
      const row = rowOf(context.rows, event.id);
      if (row === undefined) return;
      enqueue.assign(moved(context, event.id, { state: event.state, retrying: event.retrying }));
      if (row.forgotten && isIdle(event.state)) {
        enqueue.stopChild(row.ref);
        enqueue.assign({ rows: ({ context: now }) => without(now.rows, event.id) });
      }
      if (event.state === 'error' && event.failure !== null) {
        enqueue.emit({
          type: 'decision.made',
          kind: event.retrying ? 'restarted' : 'gave-up',
          modelId: event.id,
          reason: event.failure.message,
          by: 'server',
        });
      }
    }),
    noteUse: assign(({ context, event }) => {
      if (event.type !== 'model.used') return {};
      const row = rowOf(context.rows, event.id);
      if (row === undefined) return {};
      return { rows: { ...context.rows, [event.id]: { ...row, inFlight: event.inFlight, lastUsedAt: event.at } } };
    }),
    noteMeasure: assign(({ context, event }) => {
      if (event.type !== 'model.measured') return {};
      const row = rowOf(context.rows, event.id);
      return row === undefined ? {} : moved(context, event.id, { bytes: event.bytes });
    }),
    relaySettlements: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'requests.settled') return;
      for (const settlement of event.settlements) enqueue.emit(settled(settlement));
    }),
    enqueueLoad: assign(({ context, event }) => {
      if (event.type !== 'models.load') return {};
      const { id, requestId, bytes, by, at, demand, pinned } = event;
      const row = rowOf(context.rows, id);
      const noted = row === undefined ? {} : { rows: { ...context.rows, [id]: { ...row, pinned } } };
      // A model in error is started again by its own backoff or by a person, never by the next request.
      if (demand && row?.state === 'error') return noted;
      if (demand && context.pending.some((request) => request.demand && request.id === id)) return noted;
      return {
        ...noted,
        availableBytes: event.availableBytes,
        pending: [...context.pending, { id, requestId, bytes, by, at, demand, pinned }],
      };
    }),
    dropLoads: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'models.unload' && event.type !== 'models.cancel' && event.type !== 'models.forget') return;
      const dropped = context.pending.filter(
        (request) =>
          request.id === event.id && (event.type !== 'models.cancel' || request.requestId === event.requestId),
      );
      if (dropped.length === 0) return;
      enqueue.assign({ pending: context.pending.filter((request) => !dropped.includes(request)) });
      for (const request of dropped) {
        if (request.requestId === null) continue;
        enqueue.emit({
          type: 'request.settled',
          requestId: request.requestId,
          refusal: {
            code: 'INVALID_STATE',
            message: `${event.id} was unloaded before it had loaded.`,
            retryAfter: null,
          },
        });
      }
    }),
    unload: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'models.unload') return;
      const row = rowOf(context.rows, event.id);
      const { requestId, by, at } = event;
      // Requests that wait at the router would otherwise ask again as soon as it has left, and undo what a person wanted.
      enqueue.emit({
        type: 'demand.refused',
        id: event.id,
        refusal: {
          code: 'UPSTREAM_FAILED',
          message: `${event.id} was unloaded while the request waited for it.`,
          retryAfter: null,
        },
      });
      if (row !== undefined) enqueue.sendTo(row.ref, { type: 'model.unload', requestId, by, at });
      else if (requestId !== null) enqueue.emit({ type: 'request.settled', requestId, refusal: null });
    }),
    unloadAll: enqueueActions(({ context, event, enqueue }) => {
      const by = 'by' in event && event.by !== null ? event.by : 'server';
      const at = 'at' in event ? event.at : 0;
      for (const row of Object.values(context.rows))
        enqueue.sendTo(row.ref, { type: 'model.unload', requestId: null, by, at });
    }),
    refusePending: enqueueActions(({ context, enqueue }) => {
      for (const request of context.pending) {
        const refusal: Refusal = {
          code: 'INVALID_STATE',
          message: 'The router or the server is stopping.',
          retryAfter: null,
        };
        enqueue.emit(refused(request, refusal));
      }
      enqueue.assign({ pending: [] });
    }),
    refuseLoad: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'models.load') return;
      enqueue.emit(refused(event, { code: 'INVALID_STATE', message: 'The server is stopping.', retryAfter: null }));
    }),
    forwardToModel: enqueueActions(({ context, event, enqueue }) => {
      if (!isForwarded(event)) return;
      const row = rowOf(context.rows, event.id);
      if (row !== undefined) enqueue.sendTo(row.ref, { type: FORWARDED[event.type], by: event.by, at: event.at });
    }),
    forget: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'models.forget') return;
      const row = rowOf(context.rows, event.id);
      if (row === undefined) return;
      if (isIdle(row.state)) {
        enqueue.stopChild(row.ref);
        enqueue.assign({ rows: without(context.rows, event.id) });
        return;
      }
      // Its process must be stopped in order, and its requests answered, before the actor may go.
      enqueue.assign({ rows: patched(context.rows, event.id, { forgotten: true }) });
      enqueue.sendTo(row.ref, { type: 'model.unload', requestId: null, by: event.by, at: event.at });
    }),
    /** Works through the queue; see admission.ts. */
    admit: enqueueActions(({ context, enqueue, self }) => {
      if (context.pending.length === 0) {
        enqueue.assign({ waiting: null });
        return;
      }
      const plan = planAdmissions(admissionState(context));
      const head = plan.pending[0];
      const waiting = head === undefined || plan.waiting === null ? null : { id: head.id, reason: plan.waiting };
      enqueue.assign({ pending: plan.pending, waiting });
      if (
        head !== undefined &&
        waiting !== null &&
        (waiting.id !== context.waiting?.id || waiting.reason !== context.waiting.reason)
      ) {
        enqueue.emit({ type: 'decision.made', kind: 'queued', modelId: head.id, reason: waiting.reason, by: head.by });
      }
      const loading = new Set<string>();
      for (const step of plan.steps) {
        if (step.kind === 'refuse') {
          enqueue.emit({
            type: 'decision.made',
            kind: 'refused',
            modelId: step.request.id,
            reason: step.refusal.message,
            by: step.request.by,
          });
          enqueue.emit(refused(step.request, step.refusal));
          continue;
        }
        if (step.kind === 'evict') {
          const { id, reason } = step;
          enqueue.emit({ type: 'decision.made', kind: 'evicted', modelId: id, reason, by: 'placement' });
          enqueue.assign(({ context: now }) => moved(now, id, { state: 'stopping' }));
          enqueue.sendTo(({ context: now }) => (now.rows[id] as Row).ref, {
            type: 'model.unload',
            requestId: null,
            by: 'placement',
            at: head?.at ?? 0,
          });
          continue;
        }
        const { request, reason } = step;
        const row = rowOf(context.rows, request.id);
        // Of two loads of one model in one plan, the first is the load and the second joins it.
        const fresh = !loading.has(request.id) && row?.state !== 'loaded' && row?.state !== 'loading';
        if (row === undefined && fresh) {
          enqueue.assign({
            rows: ({ context: now, spawn }) => ({
              ...now.rows,
              [request.id]: {
                ref: spawn('model', {
                  id: `model:${request.id}`,
                  input: { id: request.id, policy: now.policy, limits: now.process, supervisor: self },
                }),
                state: 'unloaded',
                retrying: false,
                bytes: request.bytes,
                inFlight: 0,
                lastUsedAt: request.at,
                pinned: request.pinned,
                forgotten: false,
              },
            }),
          });
          enqueue.emit({ type: 'model.spawned', id: request.id });
        }
        loading.add(request.id);
        if (fresh)
          enqueue.emit({ type: 'decision.made', kind: 'admitted', modelId: request.id, reason, by: request.by });
        enqueue.assign({
          rows: ({ context: now }) =>
            patched(now.rows, request.id, {
              // A load that waited must not make the model look longer idle than it is.
              lastUsedAt: Math.max((now.rows[request.id] as Row).lastUsedAt, request.at),
              pinned: request.pinned,
              ...(fresh ? { state: 'loading' as const, bytes: request.bytes } : {}),
            }),
        });
        enqueue.sendTo(({ context: now }) => (now.rows[request.id] as Row).ref, {
          type: 'model.load',
          requestId: request.requestId,
          by: request.by,
          at: request.at,
          limits: context.process,
        });
      }
    }),
    stopRouter: sendTo(({ context }) => context.router, { type: 'router.stop', requestId: null, by: 'server', at: 0 }),
    unloadWithoutRouter: enqueueActions(({ context, event, enqueue }) => {
      if (context.routerState !== 'unloaded') return;
      const at = 'at' in event ? event.at : 0;
      for (const row of Object.values(context.rows))
        enqueue.sendTo(row.ref, { type: 'model.unload', requestId: null, by: 'server', at });
    }),
    stopInstall: sendTo(({ context }) => context.engine, { type: 'engine.cancel', by: 'server' }),
  },
  guards: {
    routerIsSettled: ({ context, event }) =>
      event.type === 'router.reported' &&
      (event.state === 'loaded' || event.state === 'error' || (event.state === 'unloaded' && !context.autoStart)),
    startsWithoutRouter: ({ context }) => !context.autoStart,
    routerIsGone: ({ event }) =>
      event.type === 'router.reported' && (event.state === 'unloaded' || event.state === 'error'),
    routerCameBack: ({ event }) => event.type === 'router.reported' && event.state === 'loading',
    everythingIsGone: ({ context }) =>
      (context.routerState === 'unloaded' || context.routerState === 'error') &&
      Object.values(context.rows).every((row) => row.state === 'unloaded' || (row.state === 'error' && !row.retrying)),
  },
  delays: { drainTimeout: ({ context }) => context.drainMs },
}).createMachine({
  id: 'supervisor',
  description: 'Starts, admits, restarts and drains everything that runs.',
  options: { maxIterations: 1000 },
  context: ({ input, spawn, self }) => ({
    ...input,
    engine: spawn('engine', {
      id: 'engine',
      systemId: 'engine',
      input: { supervisor: self, autoInstall: input.autoInstall },
    }),
    router: spawn('router', {
      id: 'router',
      systemId: 'router',
      input: { supervisor: self, policy: input.policy, limits: input.routerProcess, preset: input.preset },
    }),
    engineState: 'unknown',
    engineProblem: null,
    routerState: 'unloaded',
    routerRetrying: false,
    rows: {},
    pending: [],
    availableBytes: null,
    waiting: null,
  }),
  initial: 'starting',
  on: {
    'requests.settled': { actions: 'relaySettlements' },
    'engine.reported': { actions: ['noteEngine', 'admit'] },
    'router.reported': { actions: ['noteRouter', 'admit'] },
    'model.reported': { actions: ['noteModel', 'admit'] },
    'model.used': { actions: ['noteUse', 'admit'] },
    'model.measured': { actions: 'noteMeasure' },
    'limits.changed': { actions: ['noteLimits', 'admit'] },
    'models.load': { actions: ['enqueueLoad', 'admit'] },
    'models.unload': { actions: ['dropLoads', 'unload', 'admit'] },
    'models.unload-all': { actions: ['refusePending', 'unloadAll'] },
    'models.cancel': { actions: ['dropLoads', 'admit'] },
    'models.reload': { actions: 'forwardToModel' },
    'models.refresh': { actions: 'forwardToModel' },
    'models.keep': { actions: 'forwardToModel' },
    'models.reset': { actions: 'forwardToModel' },
    'models.forget': { actions: ['dropLoads', 'forget', 'admit'] },
  },
  states: {
    starting: {
      description: 'The engine is looked for and the router takes its port.',
      entry: ['startEngine', 'startRouter'],
      always: { guard: 'startsWithoutRouter', target: 'running' },
      on: {
        'router.reported': [
          { guard: 'routerIsSettled', target: 'running', actions: ['noteRouter', 'admit'] },
          { actions: ['noteRouter', 'admit'] },
        ],
        'system.stop': 'draining',
      },
    },
    running: {
      description: 'Models are loaded, evicted and restarted as asked.',
      on: { 'system.stop': 'draining' },
    },
    draining: {
      description: 'First the router (requests in flight may finish), then the models, within one deadline.',
      entry: ['refusePending', 'stopInstall', 'stopRouter', 'unloadWithoutRouter'],
      always: { guard: 'everythingIsGone', target: 'stopped' },
      on: {
        'models.load': { actions: 'refuseLoad' },
        'router.reported': [
          { guard: 'routerIsGone', actions: ['noteRouter', 'unloadAll'] },
          // Somebody started it while it was leaving; the drain wins.
          { guard: 'routerCameBack', actions: ['noteRouter', 'stopRouter'] },
          { actions: 'noteRouter' },
        ],
        'model.reported': { actions: 'noteModel' },
        'model.used': { actions: 'noteUse' },
      },
      after: { drainTimeout: 'stopped' },
    },
    stopped: { type: 'final', description: 'Nothing of ours runs any more.' },
  },
});

const settled = ({ requestId, refusal }: Settlement) => ({ type: 'request.settled' as const, requestId, refusal });

const refused = (request: LoadRequest, refusal: Refusal): SupervisorEmitted =>
  request.requestId === null
    ? { type: 'demand.refused', id: request.id, refusal }
    : settled({ requestId: request.requestId, refusal });

/** Ids are file names, so `constructor.gguf` must not find Object's. */
const rowOf = (rows: Record<string, Row>, id: string): Row | undefined =>
  Object.hasOwn(rows, id) ? rows[id] : undefined;

const patched = (rows: Record<string, Row>, id: string, patch: Partial<Row>): Record<string, Row> => ({
  ...rows,
  [id]: { ...(rows[id] as Row), ...patch },
});

const without = (rows: Record<string, Row>, id: string): Record<string, Row> => {
  const { [id]: _, ...others } = rows;
  return others;
};

/** Whether no process of the model runs, so that nobody waits for it either. */
const isIdle = (state: ModelState): boolean => state === 'unloaded' || state === 'error';

/** Whether the model's memory is taken: from the end of its loading until its process has left. */
const heldBytes = ({ state, bytes }: Row): number => (state === 'loaded' || state === 'stopping' ? bytes : 0);

/** Patches a row, and keeps what is free up with it: nobody measures again before the next load is asked for. */
const moved = (
  { rows, availableBytes }: SupervisorContext,
  id: string,
  patch: Partial<Pick<Row, 'state' | 'retrying' | 'bytes'>>,
): Pick<SupervisorContext, 'rows' | 'availableBytes'> => {
  const before = rows[id] as Row;
  const after = { ...before, ...patch };
  return {
    rows: { ...rows, [id]: after },
    availableBytes: availableBytes === null ? null : availableBytes + heldBytes(before) - heldBytes(after),
  };
};

/** Everything that occupies memory or is about to, for placement and for explaining it. */
export const residentsOf = (context: SupervisorContext): AdmissionState['residents'] =>
  Object.entries(context.rows).map(([id, { state, retrying, bytes, inFlight, lastUsedAt, pinned }]) => ({
    id,
    state,
    retrying,
    bytes,
    inFlight,
    lastUsedAt,
    pinned,
  }));

const admissionState = (context: SupervisorContext): AdmissionState => ({
  pending: context.pending,
  residents: residentsOf(context),
  limits: context.placement,
  availableBytes: context.availableBytes,
  engine: {
    state: context.engineState === 'ready' ? 'ready' : context.engineState === 'missing' ? 'missing' : 'waiting',
    problem: context.engineProblem,
  },
  router:
    context.routerState === 'unloaded' || (context.routerState === 'error' && !context.routerRetrying)
      ? 'stopped'
      : 'usable',
});
