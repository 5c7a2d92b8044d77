/**
 * The inference router: the five states that drive the data-plane process. It is permanent: whatever ends it, it is started
 * again within its budget while it is wanted; models stay loaded meanwhile.
 */
import { assign, enqueueActions, fromCallback, sendTo, setup, spawnChild, stopChild } from 'xstate';
import type { ActorRef, Snapshot } from 'xstate';
import { completed, refusalOf, verdict } from './process.ts';
import type { Failure, ProcessCommand, ProcessFact, ProcessLimits, Settlement, StopSignal } from './process.ts';
import { decideRestart } from './restart-policy.ts';
import type { RestartPolicy } from './restart-policy.ts';

export type RouterState = 'unloaded' | 'loading' | 'loaded' | 'stopping' | 'error';

export type RouterEvent =
  | { type: 'router.start'; requestId: string | null; by: string; at: number; preset?: string; limits?: ProcessLimits }
  | { type: 'router.stop'; requestId: string | null; by: string; at: number }
  | { type: 'router.restart'; signal: StopSignal; by: string; at: number; preset?: string }
  | ProcessFact;

export type RouterReport =
  | { type: 'router.reported'; state: RouterState; by: string | null; retrying: boolean; failure: Failure | null }
  | { type: 'requests.settled'; settlements: Settlement[] };

interface Waiter {
  requestId: string;
  wants: 'loaded' | 'unloaded';
}

export interface RouterContext {
  policy: RestartPolicy;
  limits: ProcessLimits;
  supervisor: ActorRef<Snapshot<unknown>, RouterReport>;
  desired: 'loaded' | 'unloaded';
  preset: string;
  by: string | null;
  waiters: Waiter[];
  pid: number | null;
  startedAt: number | null;
  failure: Failure | null;
  pending: Failure | null;
  signal: StopSignal;
  exits: number[];
  retryDelayMs: number | null;
  retryAt: number | null;
  restarts: number;
}

export interface RouterInput {
  policy: RestartPolicy;
  limits: ProcessLimits;
  preset: string;
  supervisor: ActorRef<Snapshot<unknown>, RouterReport>;
}

const NO_PROCESS = { pid: null, startedAt: null } as const;
const NO_FAILURE = { failure: null, exits: [] as number[], retryDelayMs: null, retryAt: null };

export const routerMachine = setup({
  types: { context: {} as RouterContext, events: {} as RouterEvent, input: {} as RouterInput },
  actors: {
    /** Runs the data-plane process and reports facts about it. Replaced by the process layer. */
    routerProcess: fromCallback<ProcessCommand>(() => undefined),
  },
  actions: {
    startProcess: spawnChild('routerProcess', { id: 'process' }),
    stopProcess: sendTo('process', ({ context }): ProcessCommand => ({
      type: 'process.stop',
      mode: 'terminate',
      signal: context.signal,
      reason: 'The router is stopping.',
    })),
    killProcess: sendTo('process', (): ProcessCommand => ({ type: 'process.kill' })),
    forgetProcess: enqueueActions(({ enqueue }) => {
      enqueue(stopChild('process'));
      enqueue.assign(NO_PROCESS);
    }),
    wantLoaded: assign(({ context, event }) => {
      if (event.type !== 'router.start') return {};
      return {
        desired: 'loaded' as const,
        by: event.by,
        preset: event.preset ?? context.preset,
        limits: event.limits ?? context.limits,
        waiters:
          event.requestId === null
            ? context.waiters
            : [...context.waiters, { requestId: event.requestId, wants: 'loaded' as const }],
      };
    }),
    wantUnloaded: assign(({ context, event }) => {
      if (event.type !== 'router.stop') return {};
      return {
        desired: 'unloaded' as const,
        by: event.by,
        signal: 'SIGTERM' as const,
        waiters:
          event.requestId === null
            ? context.waiters
            : [...context.waiters, { requestId: event.requestId, wants: 'unloaded' as const }],
      };
    }),
    wantRestart: assign(({ context, event }) => {
      if (event.type !== 'router.restart') return {};
      return { desired: 'loaded' as const, by: event.by, signal: event.signal, preset: event.preset ?? context.preset };
    }),
    forgetFailure: assign(NO_FAILURE),
    forgetCaller: assign({ by: null }),
    clearVerdict: assign({ pending: null, signal: 'SIGTERM' as const }),
    noteSpawned: assign(({ event }) => (event.type === 'process.spawned' ? { pid: event.pid } : {})),
    noteReady: assign(({ event }) =>
      event.type === 'process.ready' ? { startedAt: event.at, failure: null, retryDelayMs: null, retryAt: null } : {},
    ),
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
    noteStuckProcess: assign({
      failure: verdict('NOT_STOPPED', 'The router process did not leave after it was killed.'),
      pending: null,
      retryDelayMs: null,
      retryAt: null,
      desired: 'unloaded' as const,
    }),
    countRestart: assign({
      restarts: ({ context }) => context.restarts + 1,
      retryAt: null,
      retryDelayMs: null,
      by: null,
    }),
    judgeSlowStart: assign({
      pending: verdict('START_TIMEOUT', 'The router did not start listening within the time allowed.'),
      by: null,
    }),
    reportState: sendTo(
      ({ context }) => context.supervisor,
      ({ context }, params: { state: RouterState }): RouterReport => ({
        type: 'router.reported',
        state: params.state,
        by: context.by,
        retrying: params.state === 'error' && context.retryDelayMs !== null,
        failure: context.failure,
      }),
    ),
    settle: enqueueActions(
      (
        { context, enqueue },
        params: { loaded: 'done' | 'failed' | 'superseded' | 'keep'; unloaded: 'done' | 'keep' },
      ) => {
        const settled = context.waiters.filter((waiter) => params[waiter.wants] !== 'keep');
        if (settled.length === 0) return;
        const refused =
          params.loaded === 'superseded'
            ? {
                code: 'INVALID_STATE' as const,
                message: 'The router was stopped before it had started.',
                retryAfter: null,
              }
            : params.loaded === 'failed' && context.failure !== null
              ? refusalOf(context.failure, context.retryDelayMs)
              : null;
        const stuck = context.failure?.code === 'NOT_STOPPED' ? refusalOf(context.failure, null) : null;
        enqueue.assign({ waiters: context.waiters.filter((waiter) => params[waiter.wants] === 'keep') });
        enqueue.sendTo(context.supervisor, {
          type: 'requests.settled',
          settlements: settled.map(({ requestId, wants }) => ({
            requestId,
            refusal: wants === 'loaded' ? refused : stuck,
          })),
        });
      },
    ),
  },
  guards: {
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
  id: 'router',
  description: 'The data-plane process that carries every inference byte.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    ...NO_PROCESS,
    ...NO_FAILURE,
    desired: 'unloaded',
    by: null,
    waiters: [],
    pending: null,
    signal: 'SIGTERM',
    restarts: 0,
  }),
  initial: 'unloaded',
  states: {
    unloaded: {
      description: 'No router process: nothing answers on the API port.',
      entry: [
        { type: 'settle', params: { loaded: 'superseded', unloaded: 'done' } },
        { type: 'reportState', params: { state: 'unloaded' } },
      ],
      on: {
        'router.start': { target: 'loading', actions: ['forgetFailure', 'wantLoaded'] },
        'router.restart': { target: 'loading', actions: ['forgetFailure', 'wantRestart'] },
        'router.stop': { actions: ['wantUnloaded', { type: 'settle', params: { loaded: 'keep', unloaded: 'done' } }] },
      },
    },
    loading: {
      description: 'The process is starting and taking its port.',
      entry: ['clearVerdict', 'startProcess', { type: 'reportState', params: { state: 'loading' } }],
      on: {
        'router.start': { actions: 'wantLoaded' },
        'router.restart': { target: 'stopping', actions: 'wantRestart' },
        'router.stop': {
          target: 'stopping',
          actions: ['wantUnloaded', { type: 'settle', params: { loaded: 'superseded', unloaded: 'keep' } }],
        },
        'process.spawned': { actions: 'noteSpawned' },
        'process.ready': { target: 'loaded', actions: 'noteReady' },
        'process.exited': { target: 'error', actions: ['noteFailure', 'forgetProcess'] },
      },
      after: { startTimeout: { target: 'stopping', actions: 'judgeSlowStart' } },
    },
    loaded: {
      description: 'Listening: requests are answered, and models are loaded on demand.',
      entry: [
        { type: 'settle', params: { loaded: 'done', unloaded: 'keep' } },
        { type: 'reportState', params: { state: 'loaded' } },
      ],
      on: {
        'router.start': {
          actions: ['wantLoaded', { type: 'settle', params: { loaded: 'done', unloaded: 'keep' } }],
        },
        'router.restart': { target: 'stopping', actions: 'wantRestart' },
        'router.stop': { target: 'stopping', actions: 'wantUnloaded' },
        'process.exited': { target: 'error', actions: ['forgetCaller', 'noteFailure', 'forgetProcess'] },
      },
    },
    stopping: {
      description: 'No new requests; those in flight may finish until the deadline, then the process is killed.',
      entry: ['stopProcess', { type: 'reportState', params: { state: 'stopping' } }],
      on: {
        'router.start': { actions: 'wantLoaded' },
        'router.restart': { actions: ['wantRestart', 'stopProcess'] },
        'router.stop': {
          actions: ['wantUnloaded', { type: 'settle', params: { loaded: 'superseded', unloaded: 'keep' } }],
        },
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
      description: 'Ended on its own; started again after a pause, until the budget is spent.',
      entry: [
        { type: 'settle', params: { loaded: 'failed', unloaded: 'done' } },
        { type: 'reportState', params: { state: 'error' } },
      ],
      on: {
        'router.start': { target: 'loading', actions: ['forgetFailure', 'wantLoaded'] },
        'router.restart': { target: 'loading', actions: ['forgetFailure', 'wantRestart'] },
        'router.stop': { target: 'unloaded', actions: ['forgetFailure', 'wantUnloaded'] },
      },
      after: { backoff: { guard: 'mayRetry', target: 'loading', actions: 'countRestart' } },
    },
  },
});
