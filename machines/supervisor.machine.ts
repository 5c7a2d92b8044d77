/**
 * The root: starts engine and router, keeps the registry of models that have run, admits loads, and drains everything in
 * reverse order within one deadline. Models become actors when they are first loaded; until then they are rows elsewhere.
 */
import { assign, enqueueActions, sendTo, setup } from 'xstate';
import type { ActorRefFrom } from 'xstate';
import { planAdmissions } from './admission.ts';
import type { AdmissionState, LoadRequest, ModelPolicy, Pending } from './admission.ts';
import type { DeviceBytes } from './devices.ts';
import { engineMachine } from './engine.machine.ts';
import type { EngineReport, EngineState } from './engine.machine.ts';
import { modelMachine } from './model.machine.ts';
import type { ModelReport } from './model.machine.ts';
import type { PlacementDetails, PlacementLimits } from './placement.ts';
import type { ProcessLimits, Refusal, Settlement } from './process.ts';
import type { RestartPolicy } from './restart-policy.ts';
import { routerMachine } from './router.machine.ts';
import type { RouterReport, RouterState } from './router.machine.ts';
import { expiryOf, freshRow, isIdle, moved, patched, residentsOf, rowOf, spell, ttlOf, without } from './rows.ts';
import type { Row, Rows } from './rows.ts';

export type SupervisorCommand =
  | ({ type: 'models.load'; available: DeviceBytes | null } & LoadRequest)
  | { type: 'models.unload'; id: string; requestId: string | null; by: string; at: number }
  | { type: 'models.unload-all'; by: string; at: number }
  | { type: 'models.reload'; id: string; by: string; at: number }
  /** The model's parameters changed: reload it when no request is in flight. */
  | { type: 'models.refresh'; id: string; by: string; at: number }
  | { type: 'models.retain'; id: string; by: string; at: number }
  | { type: 'models.reset'; id: string; by: string; at: number }
  /** A request stopped waiting: its deadline passed, or nobody at the router waits for the model any more. */
  | { type: 'models.cancel'; id: string; requestId: string | null }
  /** The record is gone. A model that still runs is unloaded first. */
  | { type: 'models.forget'; id: string; by: string; at: number }
  /** Requests in flight, or those of them that are being answered, went from none to some or back, or the router heard of a hold. */
  | { type: 'model.used'; id: string; inFlight: number; active: number; held: boolean; at: number }
  | { type: 'model.measured'; id: string; bytes: DeviceBytes }
  /** The record or the configuration changed. */
  | { type: 'models.policy'; id: string; policy: ModelPolicy; at: number }
  /** A request says how long the model stays after it, ms: null is for ever, undefined takes that back. It holds until the model has left. */
  | { type: 'models.keep'; id: string; ttlMs: number | null | undefined; at: number }
  | { type: 'limits.changed'; placement: PlacementLimits; process: ProcessLimits }
  | { type: 'system.stop'; at: number };

/** What the supervisor tells itself later. */
type Reminder =
  /** A request that waited, or a model that served, has done so for a quantum. */
  { type: 'quantum.passed'; serial: number | null; id: string } | { type: 'ttl.passed'; id: string; expiresAt: number };

export type SupervisorEvent = SupervisorCommand | ModelReport | RouterReport | EngineReport | Reminder;

export type SupervisorEmitted =
  | { type: 'request.settled'; requestId: string; refusal: Refusal | null }
  | { type: 'demand.refused'; id: string; refusal: Refusal }
  | { type: 'model.spawned'; id: string }
  /** The router is to hand out nothing new to this model, or may again. */
  | { type: 'hold.changed'; id: string; held: boolean }
  | ({ type: 'decision.made' } & Decision);

export interface Decision {
  /** `yielded` is a busy model that is made to leave once it has answered what it answers, because others wait too long. */
  kind: 'admitted' | 'evicted' | 'yielded' | 'queued' | 'refused' | 'restarted' | 'gave-up';
  modelId: string;
  reason: string;
  by: string;
  /** Whom it happened for, when not for the model itself. */
  for: string | null;
  evicts: readonly string[];
  details: PlacementDetails | null;
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
  rows: Rows;
  pending: Pending[];
  serial: number;
  /** What the router says of every model, also of one that has no row yet. */
  usage: Record<string, { inFlight: number; active: number }>;
  /** Times to live that requests asked for, ms; they end when the model leaves. */
  keeps: Record<string, number | null>;
  /** Measured at the last load asked for, then kept up with what models took and gave back; null when unknown. */
  available: DeviceBytes | null;
  /** What each of `pending` was last said to wait for, so that it is said once. */
  waiting: { serial: number; cause: string; reason: string }[];
}

/** What is handed on to a model that has an actor, and is no news to one that never ran. */
const FORWARDED = {
  'models.reload': 'model.reload',
  'models.refresh': 'model.refresh',
  'models.retain': 'model.retain',
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
      const { id, state, retrying, loadedAt } = event;
      const row = rowOf(context.rows, id);
      if (row === undefined) return;
      const serves = state === 'loaded';
      const lastUsedAt = Math.max(row.lastUsedAt, loadedAt ?? 0);
      const rest = serves ? { lastUsedAt } : { hold: null, held: false, mayYield: false };
      enqueue.assign(moved(context, id, { state, retrying, ...rest }));
      if (serves && row.state !== 'loaded') {
        const delay = context.placement.quantumMs;
        enqueue.raise({ type: 'quantum.passed', serial: null, id }, { id: `quantum of ${id}`, delay });
      }
      if (!serves) {
        enqueue.cancel(`quantum of ${id}`);
        if (row.hold !== null) enqueue.emit({ type: 'hold.changed', id, held: false });
      }
      if (state === 'stopping' || state === 'error') enqueue.assign({ keeps: without(context.keeps, id) });
      if (row.forgotten && isIdle(state)) {
        enqueue.stopChild(row.ref);
        enqueue.cancel(`expiry of ${id}`);
        enqueue.assign({
          rows: ({ context: now }) => without(now.rows, id),
          usage: ({ context: now }) => without(now.usage, id),
        });
      }
      if (state === 'error' && event.failure !== null) {
        const kind = retrying ? 'restarted' : 'gave-up';
        enqueue.emit(decision(kind, id, event.failure.message, 'server'));
      }
    }),
    noteUse: assign(({ context, event }) => {
      if (event.type !== 'model.used') return {};
      const { id, inFlight, active, held, at } = event;
      // Requests that wait for a model that is not there yet count for it as soon as it is.
      const usage = { ...context.usage, [id]: { inFlight, active } };
      const row = rowOf(context.rows, id);
      if (row === undefined) return { usage };
      const lastUsedAt = row.inFlight > 0 || inFlight > 0 ? Math.max(row.lastUsedAt, at) : row.lastUsedAt;
      return { usage, rows: patched(context.rows, id, { inFlight, active, held, lastUsedAt }) };
    }),
    noteMeasure: assign(({ context, event }) => {
      if (event.type !== 'model.measured') return {};
      const row = rowOf(context.rows, event.id);
      return row === undefined ? {} : moved(context, event.id, { bytes: event.bytes });
    }),
    notePolicy: assign(({ context, event }) => {
      if (event.type !== 'models.policy') return {};
      const { id, policy } = event;
      const pending = context.pending.map((request) => (request.id === id ? { ...request, policy } : request));
      return rowOf(context.rows, id) === undefined
        ? { pending }
        : { pending, rows: patched(context.rows, id, { policy }) };
    }),
    noteKeep: assign(({ context, event }) => {
      if (event.type !== 'models.keep') return {};
      const { id, ttlMs } = event;
      return { keeps: ttlMs === undefined ? without(context.keeps, id) : { ...context.keeps, [id]: ttlMs } };
    }),
    noteQuantum: assign(({ context, event }) => {
      if (event.type !== 'quantum.passed') return {};
      if (event.serial === null) {
        return rowOf(context.rows, event.id) === undefined
          ? {}
          : { rows: patched(context.rows, event.id, { mayYield: true }) };
      }
      return {
        pending: context.pending.map((request) =>
          request.serial === event.serial ? { ...request, impatient: true } : request,
        ),
      };
    }),
    /** Keeps a reminder for each model that may leave when nobody uses it, and forgets those that no longer hold. */
    watchIdle: enqueueActions(({ context, event, enqueue }) => {
      for (const [id, row] of Object.entries(context.rows)) {
        const expiresAt = expiryOf(row, keepOf(context, id));
        if (expiresAt === row.expiresAt) continue;
        enqueue.assign({ rows: ({ context: now }) => patched(now.rows, id, { expiresAt }) });
        enqueue.cancel(`expiry of ${id}`);
        if (expiresAt === null) continue;
        const now = Math.max('at' in event ? event.at : 0, row.lastUsedAt);
        const delay = Math.max(0, expiresAt - now);
        enqueue.raise({ type: 'ttl.passed', id, expiresAt }, { id: `expiry of ${id}`, delay });
      }
    }),
    holdExpired: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'ttl.passed') return;
      const { id, expiresAt } = event;
      const row = rowOf(context.rows, id);
      if (row === undefined || row.expiresAt !== expiresAt || row.hold !== null) return;
      const ttl = ttlOf(row, keepOf(context, id)) ?? 0;
      const reason =
        ttl === 0
          ? `${id} left: nobody uses it and it was to leave at once.`
          : `${id} left: idle for ${spell(ttl)}, its time to live.`;
      enqueue.assign({ rows: patched(context.rows, id, { hold: { reason, for: null, details: null } }) });
      enqueue.emit({ type: 'hold.changed', id, held: true });
    }),
    /** Ends the holds of models whose time to live was over: those nobody has come for leave, the others go on. */
    expire: enqueueActions(({ context, event, enqueue }) => {
      const at = 'at' in event ? event.at : 0;
      for (const { id, clear } of residentsOf(context.rows, context.routerState === 'loaded')) {
        const { hold, inFlight, ref } = context.rows[id] as Row;
        if (hold === null || hold.for !== null) continue;
        if (inFlight > 0) {
          enqueue.assign({ rows: ({ context: now }) => patched(now.rows, id, { hold: null }) });
          enqueue.emit({ type: 'hold.changed', id, held: false });
        } else if (clear) {
          enqueue.emit(decision('evicted', id, hold.reason, 'ttl'));
          enqueue.assign(({ context: now }) => moved(now, id, { state: 'stopping' }));
          enqueue.sendTo(ref, { type: 'model.unload', requestId: null, by: 'ttl', at });
        }
      }
    }),
    relaySettlements: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'requests.settled') return;
      for (const settlement of event.settlements) enqueue.emit(settled(settlement));
    }),
    enqueueLoad: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'models.load') return;
      const { type: _, available, ...request } = event;
      const { id, demand, policy } = request;
      const row = rowOf(context.rows, id);
      if (row !== undefined) enqueue.assign({ rows: patched(context.rows, id, { policy }) });
      // A model in error is started again by its own backoff or by a person, never by the next request.
      if (demand && row?.state === 'error') return;
      if (demand && context.pending.some((other) => other.demand && other.id === id)) return;
      const serial = context.serial + 1;
      const pending = { ...request, serial, impatient: false, evicted: [] };
      enqueue.assign({ available, serial, pending: [...context.pending, pending] });
      enqueue.raise(
        { type: 'quantum.passed', serial, id },
        { id: `quantum of request ${serial}`, delay: context.placement.quantumMs },
      );
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
        enqueue.cancel(`quantum of request ${request.serial}`);
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
        enqueue.cancel(`expiry of ${event.id}`);
        enqueue.assign({
          rows: without(context.rows, event.id),
          keeps: without(context.keeps, event.id),
          usage: without(context.usage, event.id),
        });
        return;
      }
      // Its process must be stopped in order, and its requests answered, before the actor may go.
      enqueue.assign({ rows: patched(context.rows, event.id, { forgotten: true }) });
      enqueue.sendTo(row.ref, { type: 'model.unload', requestId: null, by: event.by, at: event.at });
    }),
    /** Works through the queue; see admission.ts. */
    admit: enqueueActions(({ context, enqueue, self }) => {
      const plan = planAdmissions(admissionState(context));
      const evictedFor = (id: string): string[] =>
        plan.steps.flatMap((step) => (step.kind === 'evict' && step.for === id ? [step.id] : []));
      enqueue.assign({
        pending: plan.pending.map((request) => {
          const gone = evictedFor(request.id);
          return gone.length === 0 ? request : { ...request, evicted: [...request.evicted, ...gone] };
        }),
        waiting: plan.waits.map(({ serial, cause, reason }) => ({ serial, cause, reason })),
      });
      plan.waits.forEach(({ serial, cause, reason, details }, nth) => {
        const request = plan.pending[nth] as Pending;
        if (context.waiting.some((before) => before.serial === serial && before.cause === cause)) return;
        // Several requests for one model wait as one.
        if (plan.pending.findIndex(({ id }) => id === request.id) !== nth) return;
        enqueue.emit(decision('queued', request.id, reason, request.by, { details }));
      });
      // Who is chosen to leave now; who was and is not any more, because nobody waits for its room, goes on.
      const chosen = new Map(plan.steps.flatMap((step) => (step.kind === 'hold' ? [[step.id, step] as const] : [])));
      for (const [id, row] of Object.entries(context.rows)) {
        const step = chosen.get(id);
        const leaves = plan.steps.some((other) => other.kind === 'evict' && other.id === id);
        if (step !== undefined && row.hold?.for !== step.for) {
          const hold = { reason: step.reason, for: step.for, details: step.details };
          enqueue.assign({ rows: ({ context: now }) => patched(now.rows, id, { hold }) });
          if (row.hold === null) enqueue.emit({ type: 'hold.changed', id, held: true });
          if (step.fair)
            enqueue.emit(decision('yielded', id, step.reason, 'placement', { for: step.for, details: step.details }));
        }
        if (step === undefined && !leaves && row.hold !== null && row.hold.for !== null) {
          enqueue.assign({ rows: ({ context: now }) => patched(now.rows, id, { hold: null }) });
          enqueue.emit({ type: 'hold.changed', id, held: false });
        }
      }
      const loading = new Set<string>();
      for (const step of plan.steps) {
        if (step.kind === 'hold') continue;
        if (step.kind === 'refuse') {
          const { request, refusal, details } = step;
          enqueue.cancel(`quantum of request ${request.serial}`);
          enqueue.emit(decision('refused', request.id, refusal.message, request.by, { details }));
          enqueue.emit(refused(request, refusal));
          continue;
        }
        if (step.kind === 'evict') {
          const { id, details, at } = step;
          // Why it was chosen, not how it looks now that it yields.
          const reason = rowOf(context.rows, id)?.hold?.reason ?? step.reason;
          enqueue.emit(decision('evicted', id, reason, 'placement', { for: step.for, details }));
          enqueue.assign(({ context: now }) => moved(now, id, { state: 'stopping' }));
          enqueue.sendTo(({ context: now }) => (now.rows[id] as Row).ref, {
            type: 'model.unload',
            requestId: null,
            by: 'placement',
            at,
          });
          continue;
        }
        const { request, reason, bytes, details } = step;
        enqueue.cancel(`quantum of request ${request.serial}`);
        const row = rowOf(context.rows, request.id);
        // Of two loads of one model in one plan, the first is the load and the second joins it.
        const fresh = !loading.has(request.id) && row?.state !== 'loaded' && row?.state !== 'loading';
        if (row === undefined && fresh) {
          enqueue.assign({
            rows: ({ context: now, spawn }) => ({
              ...now.rows,
              [request.id]: freshRow(
                spawn('model', {
                  id: `model:${request.id}`,
                  input: { id: request.id, policy: now.policy, limits: now.process, supervisor: self },
                }),
                request,
                Object.hasOwn(now.usage, request.id) ? now.usage[request.id] : undefined,
              ),
            }),
          });
          enqueue.emit({ type: 'model.spawned', id: request.id });
        }
        loading.add(request.id);
        if (fresh)
          enqueue.emit(decision('admitted', request.id, reason, request.by, { evicts: request.evicted, details }));
        enqueue.assign({
          rows: ({ context: now }) =>
            patched(now.rows, request.id, {
              // A load that waited must not make the model look longer idle than it is.
              lastUsedAt: Math.max((now.rows[request.id] as Row).lastUsedAt, request.at),
              policy: request.policy,
              ...(fresh ? { state: 'loading' as const, bytes } : {}),
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
    serial: 0,
    usage: {},
    keeps: {},
    available: null,
    waiting: [],
  }),
  initial: 'starting',
  on: {
    'requests.settled': { actions: 'relaySettlements' },
    'engine.reported': { actions: ['noteEngine', 'admit'] },
    'router.reported': { actions: ['noteRouter', 'admit', 'expire'] },
    'model.reported': { actions: ['noteModel', 'admit', 'watchIdle'] },
    'model.used': { actions: ['noteUse', 'admit', 'expire', 'watchIdle'] },
    'model.measured': { actions: 'noteMeasure' },
    'models.policy': { actions: ['notePolicy', 'admit', 'watchIdle'] },
    'models.keep': { actions: ['noteKeep', 'watchIdle'] },
    'quantum.passed': { actions: ['noteQuantum', 'admit'] },
    'ttl.passed': { actions: ['holdExpired', 'expire'] },
    'limits.changed': { actions: ['noteLimits', 'admit'] },
    'models.load': { actions: ['enqueueLoad', 'admit', 'watchIdle'] },
    'models.unload': { actions: ['dropLoads', 'unload', 'admit'] },
    'models.unload-all': { actions: ['refusePending', 'unloadAll'] },
    'models.cancel': { actions: ['dropLoads', 'admit'] },
    'models.reload': { actions: 'forwardToModel' },
    'models.refresh': { actions: 'forwardToModel' },
    'models.retain': { actions: 'forwardToModel' },
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
        'quantum.passed': {},
        'ttl.passed': {},
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

const decision = (
  kind: Decision['kind'],
  modelId: string,
  reason: string,
  by: string,
  more: Partial<Pick<Decision, 'for' | 'evicts' | 'details'>> = {},
): SupervisorEmitted => ({
  type: 'decision.made',
  kind,
  modelId,
  reason,
  by,
  for: null,
  evicts: [],
  details: null,
  ...more,
});

const keepOf = ({ keeps }: SupervisorContext, id: string): number | null | undefined =>
  Object.hasOwn(keeps, id) ? keeps[id] : undefined;

const admissionState = (context: SupervisorContext): AdmissionState => ({
  pending: context.pending,
  residents: residentsOf(context.rows, context.routerState === 'loaded'),
  limits: context.placement,
  available: context.available,
  engine: {
    state: context.engineState === 'ready' ? 'ready' : context.engineState === 'missing' ? 'missing' : 'waiting',
    problem: context.engineProblem,
  },
  router:
    context.routerState === 'unloaded' || (context.routerState === 'error' && !context.routerRetrying)
      ? 'stopped'
      : 'usable',
});
