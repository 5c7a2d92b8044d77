/**
 * One model: the five states that drive one llama-server.
 *
 * The process is spawned on entry to `loading` and lives across states, so that entering `loaded` again never restarts it;
 * only the readiness probe is invoked. Intent is `desired`, observation is the state: a stop that lands during a start wins,
 * and a load that lands during a stop follows it.
 */
import { assign, enqueueActions, fromCallback, sendTo, setup, spawnChild, stopChild } from 'xstate';
import type { ActorRef, EventObject, Snapshot } from 'xstate';
import { completed, refusalOf, verdict } from './process.ts';
import type { Failure, ProcessCommand, ProcessFact, ProcessLimits, ReadyInfo, Refusal, Settlement } from './process.ts';
import { decideRestart } from './restart-policy.ts';
import type { RestartPolicy } from './restart-policy.ts';

export type ModelState = 'unloaded' | 'loading' | 'loaded' | 'stopping' | 'error';

export type ModelCommand =
  | { type: 'model.load'; requestId: string | null; by: string; at: number; limits?: ProcessLimits }
  | { type: 'model.unload'; requestId: string | null; by: string; at: number }
  /** Stop and load again, for parameters that changed. */
  | { type: 'model.reload'; by: string; at: number }
  /** The same as soon as no request is in flight; a request that runs is never cut. */
  | { type: 'model.refresh'; by: string; at: number }
  /** The parameters are again what the process was started with. */
  | { type: 'model.retain'; by: string; at: number }
  /** The file or the record changed: what was wrong may be mended. */
  | { type: 'model.reset'; by: string; at: number };

export type ModelEvent =
  | ModelCommand
  | ProcessFact
  | { type: 'probe.passed'; at: number; info: ReadyInfo }
  /** No request is in flight, and new ones wait at the router. */
  | { type: 'requests.held' };

/** What a model tells its supervisor. */
export type ModelReport =
  | {
      type: 'model.reported';
      id: string;
      state: ModelState;
      by: string | null;
      retrying: boolean;
      failure: Failure | null;
      gaveUp: boolean;
      /** Since when it serves, epoch ms; null unless loaded. */
      loadedAt: number | null;
    }
  | { type: 'requests.settled'; settlements: Settlement[] };

interface Waiter {
  requestId: string;
  wants: 'loaded' | 'unloaded';
}

export interface ModelContext {
  id: string;
  policy: RestartPolicy;
  limits: ProcessLimits;
  supervisor: ActorRef<Snapshot<unknown>, ModelReport>;
  desired: 'loaded' | 'unloaded';
  /** Who caused the present movement; null when nobody asked. */
  by: string | null;
  waiters: Waiter[];
  pid: number | null;
  /** Percent 0–100. */
  progress: number | null;
  stage: string | null;
  loadedAt: number | null;
  info: ReadyInfo | null;
  /** The last failure; kept while it is retried, cleared by success or by a command. */
  failure: Failure | null;
  /** The machine's own verdict on a process it is stopping. */
  pending: Failure | null;
  stopMode: 'terminate' | 'end-input';
  /** Who wants the process exchanged once it is idle; null when nobody does. */
  refreshBy: string | null;
  /** Times of unwanted exits inside the policy's window. */
  exits: number[];
  retryDelayMs: number | null;
  retryAt: number | null;
  restarts: number;
}

export interface ModelInput {
  id: string;
  policy: RestartPolicy;
  limits: ProcessLimits;
  supervisor: ActorRef<Snapshot<unknown>, ModelReport>;
}

const NO_PROCESS = { pid: null, progress: null, stage: null, loadedAt: null, info: null } as const;
const NO_FAILURE = { failure: null, exits: [] as number[], retryDelayMs: null, retryAt: null };

const hasRequest = (requestId: string | null): requestId is string => requestId !== null;

export const modelMachine = setup({
  types: {
    context: {} as ModelContext,
    events: {} as ModelEvent,
    input: {} as ModelInput,
  },
  actors: {
    /** Runs one llama-server and reports facts about it. Replaced by the process layer. */
    modelProcess: fromCallback<ProcessCommand, { id: string }>(() => undefined),
    /** Asks /health until it answers, for engines that do not report readiness themselves. Replaced by the process layer. */
    readinessProbe: fromCallback<ProcessCommand, { id: string }>(() => undefined),
    /** Has the router hold the model's requests back once none is in flight. Replaced by the process layer. */
    idleGate: fromCallback<EventObject, { id: string }>(() => undefined),
  },
  actions: {
    startProcess: spawnChild('modelProcess', { id: 'process', input: ({ context }) => ({ id: context.id }) }),
    stopProcess: sendTo('process', ({ context }): ProcessCommand => ({
      type: 'process.stop',
      mode: context.stopMode,
      signal: 'SIGTERM',
      reason: context.pending?.message ?? 'The model is being unloaded.',
    })),
    killProcess: sendTo('process', (): ProcessCommand => ({ type: 'process.kill' })),
    forgetProcess: enqueueActions(({ enqueue }) => {
      enqueue(stopChild('process'));
      enqueue.assign(NO_PROCESS);
    }),
    wantLoaded: assign(({ context, event }) => {
      if (event.type !== 'model.load') return {};
      return {
        desired: 'loaded' as const,
        by: event.by,
        limits: event.limits ?? context.limits,
        waiters: hasRequest(event.requestId)
          ? [...context.waiters, { requestId: event.requestId, wants: 'loaded' as const }]
          : context.waiters,
      };
    }),
    wantUnloaded: assign(({ context, event }) => {
      if (event.type !== 'model.unload') return {};
      return {
        desired: 'unloaded' as const,
        by: event.by,
        waiters: hasRequest(event.requestId)
          ? [...context.waiters, { requestId: event.requestId, wants: 'unloaded' as const }]
          : context.waiters,
      };
    }),
    forgetFailure: assign(NO_FAILURE),
    forgetCaller: assign({ by: null }),
    noteCaller: assign({ by: ({ event }) => ('by' in event ? event.by : null) }),
    noteSpawned: assign(({ event }) => (event.type === 'process.spawned' ? { pid: event.pid } : {})),
    noteProgress: assign(({ event }) =>
      event.type === 'process.progressed' ? { progress: event.percent, stage: event.stage } : {},
    ),
    noteReady: assign(({ event }) =>
      event.type === 'process.ready' || event.type === 'probe.passed'
        ? {
            loadedAt: event.at,
            info: event.info,
            progress: null,
            stage: null,
            failure: null,
            retryDelayMs: null,
            retryAt: null,
          }
        : {},
    ),
    /** The unwanted exit, and what follows from it. */
    noteFailure: assign(({ context, event }) => {
      if (event.type !== 'process.exited') return {};
      const failure = completed(context.pending, event.failure);
      const decision = decideRestart(context.policy, context.exits, event.at, failure.code);
      const delayMs = decision.kind === 'retry' && context.desired === 'loaded' ? decision.delayMs : null;
      return {
        failure,
        pending: null,
        exits: decision.exits,
        retryDelayMs: delayMs,
        retryAt: delayMs === null ? null : event.at + delayMs,
      };
    }),
    noteStuckProcess: assign(({ context }) => ({
      failure: verdict(
        'NOT_STOPPED',
        `Process ${context.pid ?? ''} did not leave after it was killed; look for a stuck driver or disk.`,
      ),
      pending: null,
      retryDelayMs: null,
      retryAt: null,
      desired: 'unloaded' as const,
    })),
    countRestart: assign({
      restarts: ({ context }) => context.restarts + 1,
      retryAt: null,
      retryDelayMs: null,
      by: null,
    }),
    judge: assign(({ event }, params: { code: 'START_TIMEOUT' | 'STALLED'; message: string }) => ({
      pending: event.type === 'process.stalled' ? event.failure : verdict(params.code, params.message),
      by: null,
    })),
    noteRefresh: assign({ refreshBy: ({ event }) => (event.type === 'model.refresh' ? event.by : null) }),
    waitForIdle: spawnChild('idleGate', { id: 'gate', input: ({ context }) => ({ id: context.id }) }),
    endRefresh: enqueueActions(({ context, enqueue }) => {
      if (context.refreshBy === null) return;
      enqueue(stopChild('gate'));
      enqueue.assign({ refreshBy: null });
    }),
    noteRefreshCaller: assign({ by: ({ context }) => context.refreshBy }),
    stopBySignal: assign({ stopMode: 'terminate' as const }),
    stopByInput: assign({ stopMode: 'end-input' as const }),
    clearVerdict: assign({ pending: null }),
    reportState: enqueueActions(({ context, event, enqueue }, params: { state: ModelState }) => {
      // The first entry is no movement; telling it would contradict what the supervisor has just decided.
      if ((event.type as string) === 'xstate.init') return;
      enqueue.sendTo(context.supervisor, { type: 'model.reported', ...reportOf(context, params.state) });
    }),
    settle: enqueueActions(
      (
        { context, enqueue },
        params: { loaded: 'done' | 'failed' | 'superseded' | 'keep'; unloaded: 'done' | 'keep' },
      ) => {
        const refusal = refusalFor(context, params.loaded);
        const stuck = context.failure?.code === 'NOT_STOPPED' ? refusalOf(context.failure, null) : null;
        const settled = context.waiters.filter((waiter) => params[waiter.wants] !== 'keep');
        if (settled.length === 0) return;
        enqueue.assign({ waiters: context.waiters.filter((waiter) => params[waiter.wants] === 'keep') });
        enqueue.sendTo(context.supervisor, {
          type: 'requests.settled',
          settlements: settled.map((waiter) => ({
            requestId: waiter.requestId,
            refusal: waiter.wants === 'loaded' ? refusal : stuck,
          })),
        });
      },
    ),
  },
  guards: {
    waitsForIdle: ({ context }) => context.refreshBy !== null,
    wantsLoaded: ({ context }) => context.desired === 'loaded',
    wasJudged: ({ context }) => context.pending !== null && context.desired === 'loaded',
    mayRetry: ({ context }) => context.desired === 'loaded' && context.retryDelayMs !== null,
  },
  delays: {
    startTimeout: ({ context }) => context.limits.startMs,
    stopTimeout: ({ context }) => context.limits.stopMs,
    killTimeout: ({ context }) => context.limits.stopMs + context.limits.killMs,
    backoff: ({ context }) => context.retryDelayMs ?? 0,
  },
}).createMachine({
  id: 'model',
  description: 'One model and the llama-server that serves it.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    ...NO_PROCESS,
    ...NO_FAILURE,
    desired: 'unloaded',
    by: null,
    waiters: [],
    pending: null,
    stopMode: 'terminate',
    refreshBy: null,
    restarts: 0,
  }),
  initial: 'unloaded',
  states: {
    unloaded: {
      description: 'No process. Costs nothing.',
      entry: [
        { type: 'settle', params: { loaded: 'superseded', unloaded: 'done' } },
        { type: 'reportState', params: { state: 'unloaded' } },
      ],
      on: {
        'model.load': { target: 'loading', actions: ['forgetFailure', 'wantLoaded'] },
        'model.unload': { actions: ['wantUnloaded', { type: 'settle', params: { loaded: 'keep', unloaded: 'done' } }] },
      },
    },
    loading: {
      description: 'llama-server is starting and reading the model; progress in percent.',
      entry: ['clearVerdict', 'startProcess', { type: 'reportState', params: { state: 'loading' } }],
      invoke: { src: 'readinessProbe', id: 'probe', input: ({ context }) => ({ id: context.id }) },
      on: {
        'model.load': { actions: 'wantLoaded' },
        'model.unload': {
          target: 'stopping',
          actions: [
            'wantUnloaded',
            'stopBySignal',
            { type: 'settle', params: { loaded: 'superseded', unloaded: 'keep' } },
          ],
        },
        'model.reload': { target: 'stopping', actions: ['noteCaller', 'stopBySignal'] },
        'model.refresh': { target: 'stopping', actions: ['noteCaller', 'stopBySignal'] },
        'process.spawned': { actions: 'noteSpawned' },
        'process.progressed': { actions: 'noteProgress' },
        'process.ready': { target: 'loaded', actions: 'noteReady' },
        'probe.passed': { target: 'loaded', actions: 'noteReady' },
        'process.exited': { target: 'error', actions: ['noteFailure', 'forgetProcess'] },
      },
      after: {
        startTimeout: {
          target: 'stopping',
          actions: [
            'stopBySignal',
            {
              type: 'judge',
              params: {
                code: 'START_TIMEOUT',
                message:
                  'The model was not ready within the time allowed; raise startTimeout or choose a smaller model.',
              },
            },
          ],
        },
      },
    },
    loaded: {
      description: 'Ready: requests are routed to it. Its exit and its stalls are watched.',
      entry: [
        { type: 'settle', params: { loaded: 'done', unloaded: 'keep' } },
        { type: 'reportState', params: { state: 'loaded' } },
      ],
      exit: 'endRefresh',
      on: {
        'model.load': {
          actions: ['wantLoaded', { type: 'settle', params: { loaded: 'done', unloaded: 'keep' } }],
        },
        'model.unload': { target: 'stopping', actions: ['wantUnloaded', 'stopByInput'] },
        'model.reload': { target: 'stopping', actions: ['noteCaller', 'stopByInput'] },
        'model.refresh': [
          { guard: 'waitsForIdle', actions: 'noteRefresh' },
          { actions: ['noteRefresh', 'waitForIdle'] },
        ],
        'model.retain': { actions: 'endRefresh' },
        'requests.held': { guard: 'waitsForIdle', target: 'stopping', actions: ['noteRefreshCaller', 'stopByInput'] },
        'process.exited': { target: 'error', actions: ['forgetCaller', 'noteFailure', 'forgetProcess'] },
        'process.stalled': {
          target: 'stopping',
          actions: [
            'stopByInput',
            { type: 'judge', params: { code: 'STALLED', message: 'The engine stopped making progress.' } },
          ],
        },
      },
    },
    stopping: {
      description:
        'Clients are told, then the process ends: by SIGTERM while it loads, by the end of its input once loaded, by SIGKILL at the deadline.',
      entry: ['stopProcess', { type: 'reportState', params: { state: 'stopping' } }],
      on: {
        'model.load': { actions: 'wantLoaded' },
        'model.unload': {
          actions: ['wantUnloaded', { type: 'settle', params: { loaded: 'superseded', unloaded: 'keep' } }],
        },
        'model.reload': { actions: 'noteCaller' },
        'process.exited': [
          { guard: 'wasJudged', target: 'error', actions: ['noteFailure', 'forgetProcess'] },
          {
            guard: 'wantsLoaded',
            target: 'loading',
            actions: ['forgetProcess', { type: 'settle', params: { loaded: 'keep', unloaded: 'done' } }],
          },
          { target: 'unloaded', actions: ['forgetProcess', 'clearVerdict', 'forgetFailure'] },
        ],
      },
      after: {
        stopTimeout: { actions: 'killProcess' },
        killTimeout: { target: 'error', actions: ['noteStuckProcess', 'forgetProcess'] },
      },
    },
    error: {
      description:
        'Failed, with the cause in the engine’s own words; tried again after a pause, until the budget is spent.',
      entry: [
        { type: 'settle', params: { loaded: 'failed', unloaded: 'done' } },
        { type: 'reportState', params: { state: 'error' } },
      ],
      on: {
        'model.load': { target: 'loading', actions: ['forgetFailure', 'wantLoaded'] },
        'model.unload': { target: 'unloaded', actions: ['forgetFailure', 'wantUnloaded'] },
        'model.reset': { target: 'unloaded', actions: ['forgetFailure', 'noteCaller'] },
      },
      after: {
        backoff: { guard: 'mayRetry', target: 'loading', actions: 'countRestart' },
      },
    },
  },
});

const reportOf = (context: ModelContext, state: ModelState) => ({
  id: context.id,
  state,
  by: context.by,
  retrying: state === 'error' && context.retryDelayMs !== null,
  failure: context.failure,
  gaveUp: state === 'error' && context.retryDelayMs === null,
  loadedAt: state === 'loaded' ? context.loadedAt : null,
});

const refusalFor = (context: ModelContext, loaded: 'done' | 'failed' | 'superseded' | 'keep'): Refusal | null => {
  if (loaded === 'superseded') {
    return { code: 'INVALID_STATE', message: `${context.id} was unloaded before it had loaded.`, retryAfter: null };
  }
  if (loaded !== 'failed' || context.failure === null) return null;
  return refusalOf(context.failure, context.retryDelayMs);
};
