/** The llama-server that every model runs: found on this machine, or installed. Models wait for `ready` or `missing`. */
import { assign, fromCallback, fromPromise, sendTo, setup } from 'xstate';
import type { ActorRef, Snapshot } from 'xstate';
import type { Settlement } from './process.ts';

export type EngineState = 'unknown' | 'checking' | 'installing' | 'ready' | 'missing';

export interface EngineFound {
  path: string;
  source: 'configured' | 'path' | 'installed';
  version: string | null;
  build: number | null;
}

export interface EngineProgress {
  stage: string;
  percent: number | null;
  receivedBytes: number;
  totalBytes: number | null;
}

export type InstallFact =
  | { type: 'install.progressed'; progress: EngineProgress }
  | { type: 'install.finished'; engine: EngineFound }
  | { type: 'install.failed'; problem: string };

export type EngineEvent =
  /** Look again: at start, or because another path was configured. */
  | { type: 'engine.check'; requestId: string | null; by: string }
  | { type: 'engine.install'; requestId: string | null; by: string }
  | { type: 'engine.cancel'; by: string }
  | InstallFact;

export type EngineReport =
  | { type: 'engine.reported'; state: EngineState; problem: string | null }
  | { type: 'requests.settled'; settlements: Settlement[] };

export interface EngineContext {
  supervisor: ActorRef<Snapshot<unknown>, EngineReport>;
  /** Install when none is found at a check. */
  autoInstall: boolean;
  found: EngineFound | null;
  progress: EngineProgress | null;
  problem: string | null;
  by: string | null;
  waiters: string[];
}

export interface EngineInput {
  supervisor: ActorRef<Snapshot<unknown>, EngineReport>;
  autoInstall: boolean;
}

export const engineMachine = setup({
  types: { context: {} as EngineContext, events: {} as EngineEvent, input: {} as EngineInput },
  actors: {
    /** Configured path, PATH, own install, in this order; null when there is none. Rejects when the configured one is unusable. */
    findEngine: fromPromise<EngineFound | null>(() => Promise.resolve(null)),
    /** Installs one and reports its progress; stopping it cancels. */
    installEngine: fromCallback(() => undefined),
  },
  actions: {
    noteRequest: assign(({ context, event }) => {
      if (event.type !== 'engine.check' && event.type !== 'engine.install') return {};
      return {
        by: event.by,
        waiters: event.requestId === null ? context.waiters : [...context.waiters, event.requestId],
      };
    }),
    noteProgress: assign(({ event }) => (event.type === 'install.progressed' ? { progress: event.progress } : {})),
    noteFound: assign((_, params: { engine: EngineFound | null }) => ({
      found: params.engine,
      problem: null,
      progress: null,
    })),
    noteProblem: assign((_, params: { problem: string }) => ({ found: null, problem: params.problem, progress: null })),
    noteFailedInstall: assign((_, params: { problem: string }) => ({ problem: params.problem, progress: null })),
    clearProgress: assign({ progress: null, problem: null }),
    reportState: sendTo(
      ({ context }) => context.supervisor,
      ({ context }, params: { state: EngineState }): EngineReport => ({
        type: 'engine.reported',
        state: params.state,
        problem: context.problem,
      }),
    ),
    settle: sendTo(
      ({ context }) => context.supervisor,
      ({ context }): EngineReport => ({
        type: 'requests.settled',
        settlements: context.waiters.map((requestId) => ({
          requestId,
          refusal:
            context.problem === null ? null : { code: 'ENGINE_MISSING', message: context.problem, retryAfter: null },
        })),
      }),
    ),
    forgetWaiters: assign({ waiters: [] }),
    forgetCaller: assign({ by: null }),
  },
  guards: {
    isFound: (_, params: { engine: EngineFound | null }) => params.engine !== null,
    mayInstall: ({ context }) => context.autoInstall,
    hadEngine: ({ context }) => context.found !== null,
  },
}).createMachine({
  id: 'engine',
  description: 'Finds or installs llama-server.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, found: null, progress: null, problem: null, by: null, waiters: [] }),
  initial: 'unknown',
  states: {
    unknown: {
      description: 'Nobody has looked yet.',
      entry: { type: 'reportState', params: { state: 'unknown' } },
      on: {
        'engine.check': { target: 'checking', actions: 'noteRequest' },
        'engine.install': { target: 'installing', actions: 'noteRequest' },
      },
    },
    checking: {
      description: 'Looking at the configured path, PATH and the data folder; reading version and flags.',
      entry: { type: 'reportState', params: { state: 'checking' } },
      on: {
        'engine.check': { target: 'checking', reenter: true, actions: 'noteRequest' },
        'engine.install': { target: 'installing', actions: 'noteRequest' },
      },
      invoke: {
        src: 'findEngine',
        id: 'find',
        onDone: [
          {
            guard: { type: 'isFound', params: ({ event }) => ({ engine: event.output }) },
            target: 'ready',
            actions: { type: 'noteFound', params: ({ event }) => ({ engine: event.output }) },
          },
          // What was found earlier is gone, so a failed installation must not fall back on it.
          {
            guard: 'mayInstall',
            target: 'installing',
            actions: { type: 'noteFound', params: { engine: null } },
          },
          {
            target: 'missing',
            actions: {
              type: 'noteProblem',
              params: {
                problem:
                  'No llama-server was found; run `llamactor engine install`, or point to one with `llamactor engine use PATH`.',
              },
            },
          },
        ],
        onError: {
          target: 'missing',
          actions: { type: 'noteProblem', params: ({ event }) => ({ problem: messageOf(event.error) }) },
        },
      },
    },
    installing: {
      description: 'Downloading and unpacking one into the data folder; a half install is never used.',
      entry: ['clearProgress', { type: 'reportState', params: { state: 'installing' } }],
      invoke: {
        src: 'installEngine',
        id: 'install',
        onError: [
          {
            guard: 'hadEngine',
            target: 'ready',
            actions: { type: 'noteFailedInstall', params: ({ event }) => ({ problem: messageOf(event.error) }) },
          },
          {
            target: 'missing',
            actions: { type: 'noteProblem', params: ({ event }) => ({ problem: messageOf(event.error) }) },
          },
        ],
      },
      on: {
        'engine.install': { actions: 'noteRequest' },
        'engine.check': { target: 'checking', actions: 'noteRequest' },
        'engine.cancel': [
          {
            guard: 'hadEngine',
            target: 'ready',
            actions: { type: 'noteFailedInstall', params: { problem: 'The installation was cancelled.' } },
          },
          {
            target: 'missing',
            actions: {
              type: 'noteProblem',
              params: { problem: 'The installation was cancelled; run `llamactor engine install`.' },
            },
          },
        ],
        'install.progressed': { actions: 'noteProgress' },
        'install.finished': {
          target: 'ready',
          actions: { type: 'noteFound', params: ({ event }) => ({ engine: event.engine }) },
        },
        'install.failed': [
          // A failed update must not take away the engine that works.
          {
            guard: 'hadEngine',
            target: 'ready',
            actions: { type: 'noteFailedInstall', params: ({ event }) => ({ problem: event.problem }) },
          },
          { target: 'missing', actions: { type: 'noteProblem', params: ({ event }) => ({ problem: event.problem }) } },
        ],
      },
    },
    ready: {
      description: 'A llama-server that runs; version and flags are known.',
      entry: ['settle', 'forgetWaiters', { type: 'reportState', params: { state: 'ready' } }, 'forgetCaller'],
      on: {
        'engine.check': { target: 'checking', actions: 'noteRequest' },
        'engine.install': { target: 'installing', actions: 'noteRequest' },
      },
    },
    missing: {
      description: 'None; every place that needs one says what to do.',
      entry: ['settle', 'forgetWaiters', { type: 'reportState', params: { state: 'missing' } }, 'forgetCaller'],
      on: {
        'engine.check': { target: 'checking', actions: 'noteRequest' },
        'engine.install': { target: 'installing', actions: 'noteRequest' },
      },
    },
  },
});

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
