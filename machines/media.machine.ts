/**
 * One piece of media in the making: a tool's process, then the file that it left. It is an actor from the wish until its end;
 * what is complete is a record. Exactly one of complete, failed and cancelled ends it.
 */
import { assign, enqueueActions, fromCallback, fromPromise, sendTo, setup, spawnChild, stopChild } from 'xstate';
import type { RunFact, RunProcessCommand } from './run.machine.ts';

export type MediaState = 'queued' | 'running' | 'stopping' | 'finishing' | 'complete' | 'failed' | 'cancelled';

export type MediaFailureCode =
  /** The tool could not be started. */
  | 'NOT_STARTED'
  /** It ended with another code than 0, or by a signal. */
  | 'TOOL_FAILED'
  | 'TIMEOUT'
  /** It ended well and wrote no file. */
  | 'NO_OUTPUT'
  | 'INTERRUPTED'
  | 'UNEXPECTED';

export interface MediaFailure {
  code: MediaFailureCode;
  /** One sentence for a person. */
  message: string;
}

/** What the tool says of its progress; `percent` is 0–100 and may jump as the tool likes. */
export interface ToolProgress {
  type: 'tool.progressed';
  percent: number | null;
  stage: string | null;
  message: string | null;
}

/** What became of the tool's output; the machine only carries it. */
export interface MediaResult {
  /** By its content, e.g. "image/png". */
  mime: string;
  bytes: number;
  /** Ending of its name, without a dot. */
  extension: string;
  thumbnail: boolean;
  width: number | null;
  height: number | null;
  /** Of sound and moving pictures. */
  seconds: number | null;
}

export type MediaCommand =
  /** It is its turn. */
  | { type: 'media.start'; at: number }
  | { type: 'media.cancel'; by: string; at: number }
  /** The server stops. */
  | { type: 'media.interrupt'; at: number };

export type MediaEvent = MediaCommand | RunFact | ToolProgress;

export interface MediaLimits {
  /** How long the tool may run, ms. */
  timeoutMs: number;
  /** From SIGTERM to SIGKILL, ms. */
  stopMs: number;
  /** From SIGKILL until it is given up on, ms. */
  killMs: number;
}

export interface MediaInput {
  id: string;
  limits: MediaLimits;
}

export interface MediaContext extends MediaInput {
  pid: number | null;
  /** 0–100, never falling; 100 only when it is complete. */
  progress: number;
  stage: string;
  /** The tool's own words about what it does. */
  message: string | null;
  startedAt: number | null;
  /** What ends it, decided before its process has left; null while it may end by itself. */
  verdict: 'cancelled' | MediaFailure | null;
  result: MediaResult | null;
  failure: MediaFailure | null;
  /** Who caused its present state; null when nobody did. */
  by: string | null;
}

/** The tool's own 100 % is not the end: its file has to be taken over yet. */
const MOST_WHILE_RUNNING = 99;

const seconds = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`);
const INTERRUPTED: MediaFailure = {
  code: 'INTERRUPTED',
  message: 'The server was stopped while it was made; start it again.',
};

const failureOf = ({ problem, signal, exitCode }: Extract<RunFact, { type: 'process.exited' }>): MediaFailure => {
  if (problem !== null) return { code: 'NOT_STARTED', message: problem };
  const how = signal === null ? `exit code ${exitCode ?? 'unknown'}` : signal;
  return { code: 'TOOL_FAILED', message: `The tool ended with ${how}; its last lines say why.` };
};

/** What a refused output says of itself. */
const reasonOf = (error: unknown): MediaFailure =>
  error instanceof Error && error.name === 'NoOutput'
    ? { code: 'NO_OUTPUT', message: error.message }
    : {
        code: 'UNEXPECTED',
        message: `Its file could not be taken over: ${error instanceof Error ? error.message : String(error)}`,
      };

export const mediaMachine = setup({
  types: { context: {} as MediaContext, events: {} as MediaEvent, input: {} as MediaInput },
  actors: {
    /** Runs the tool in a process group of its own. The same port as a run's. */
    runProcess: fromCallback<RunProcessCommand, { id: string }>(() => undefined),
    /** Finds the tool's file, says what it is, makes its thumbnail. Rejects with an error named NoOutput when there is none. */
    takeOutput: fromPromise<MediaResult, { id: string }>(() => Promise.reject(new Error('no port'))),
  },
  actions: {
    startProcess: spawnChild('runProcess', { id: 'process', input: ({ context }) => ({ id: context.id }) }),
    terminate: sendTo('process', (): RunProcessCommand => ({ type: 'process.terminate' })),
    kill: sendTo('process', (): RunProcessCommand => ({ type: 'process.kill' })),
    forgetProcess: enqueueActions(({ enqueue }) => {
      enqueue(stopChild('process'));
      enqueue.assign({ pid: null });
    }),
    noteStart: assign(({ event }) =>
      event.type === 'media.start' ? { startedAt: event.at, stage: 'starting', by: null } : {},
    ),
    noteSpawned: assign(({ event }) => (event.type === 'process.spawned' ? { pid: event.pid } : {})),
    /** A tool that counts each of its passes from 0 must not send the bar back. */
    noteProgress: assign(({ context, event }) => {
      if (event.type !== 'tool.progressed') return {};
      return {
        progress: Math.max(context.progress, Math.min(MOST_WHILE_RUNNING, event.percent ?? 0)),
        stage: event.stage ?? context.stage,
        message: event.message ?? context.message,
      };
    }),
    noteCancel: assign(({ event }) =>
      event.type === 'media.cancel' ? { verdict: 'cancelled' as const, by: event.by } : {},
    ),
    decide: assign((_, params: { failure: MediaFailure }) => ({ verdict: params.failure, by: null })),
    noteFinishing: assign({ stage: 'finishing', message: null }),
    noteFailure: assign(({ context, event }) => {
      if (context.verdict !== null && context.verdict !== 'cancelled') return { failure: context.verdict };
      return event.type === 'process.exited' ? { failure: failureOf(event) } : {};
    }),
    noteStuck: assign(({ context }) => ({
      failure: {
        code:
          context.verdict === null || context.verdict === 'cancelled' ? ('UNEXPECTED' as const) : context.verdict.code,
        message: `Process ${context.pid ?? ''} of the tool did not leave after it was killed.`,
      },
    })),
    noteResult: assign((_, params: { result: MediaResult }) => ({
      result: params.result,
      progress: 100,
      stage: 'complete',
      message: null,
    })),
    noteReason: assign((_, params: { error: unknown }) => ({ failure: reasonOf(params.error) })),
  },
  guards: {
    wasCancelled: ({ context }) => context.verdict === 'cancelled',
    endedWell: ({ event }) => event.type === 'process.exited' && event.problem === null && event.exitCode === 0,
  },
  delays: {
    timeout: ({ context }) => context.limits.timeoutMs,
    stopTimeout: ({ context }) => context.limits.stopMs,
    killTimeout: ({ context }) => context.limits.stopMs + context.limits.killMs,
  },
}).createMachine({
  id: 'media',
  description: 'One picture, sound, film or text that a tool makes: waits, runs the tool, takes its file over.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    pid: null,
    progress: 0,
    stage: 'queued',
    message: null,
    startedAt: null,
    verdict: null,
    result: null,
    failure: null,
    by: null,
  }),
  initial: 'queued',
  states: {
    queued: {
      description: 'Waits for its turn.',
      on: {
        'media.start': { target: 'running', actions: 'noteStart' },
        'media.cancel': { target: 'cancelled', actions: 'noteCancel' },
        'media.interrupt': {
          target: 'failed',
          actions: [{ type: 'decide', params: { failure: INTERRUPTED } }, 'noteFailure'],
        },
      },
    },
    running: {
      description: 'The tool works, and says how far it is.',
      entry: 'startProcess',
      on: {
        'process.spawned': { actions: 'noteSpawned' },
        'tool.progressed': { actions: 'noteProgress' },
        'process.exited': [
          { guard: 'endedWell', target: 'finishing', actions: ['forgetProcess', 'noteFinishing'] },
          { target: 'failed', actions: ['noteFailure', 'forgetProcess'] },
        ],
        'media.cancel': { target: 'stopping', actions: 'noteCancel' },
        'media.interrupt': { target: 'stopping', actions: { type: 'decide', params: { failure: INTERRUPTED } } },
      },
      after: {
        timeout: {
          target: 'stopping',
          actions: {
            type: 'decide',
            params: ({ context }) => ({
              failure: {
                code: 'TIMEOUT' as const,
                message: `The tool ran longer than its ${seconds(context.limits.timeoutMs)}; ask for less, or raise mediaTimeout in the configuration.`,
              },
            }),
          },
        },
      },
    },
    stopping: {
      description: 'Its whole process group is told to end, and killed at the deadline.',
      entry: 'terminate',
      on: {
        'process.spawned': { actions: 'noteSpawned' },
        'process.exited': [
          { guard: 'wasCancelled', target: 'cancelled', actions: 'forgetProcess' },
          { target: 'failed', actions: ['noteFailure', 'forgetProcess'] },
        ],
      },
      after: {
        stopTimeout: { actions: 'kill' },
        killTimeout: { target: 'failed', actions: ['noteStuck', 'forgetProcess'] },
      },
    },
    finishing: {
      description: 'The tool is done: its file is looked at and taken over.',
      invoke: {
        src: 'takeOutput',
        id: 'output',
        input: ({ context }) => ({ id: context.id }),
        onDone: {
          target: 'complete',
          actions: { type: 'noteResult', params: ({ event }) => ({ result: event.output }) },
        },
        onError: {
          target: 'failed',
          actions: { type: 'noteReason', params: ({ event }) => ({ error: event.error }) },
        },
      },
      on: {
        'media.cancel': { target: 'cancelled', actions: 'noteCancel' },
        'media.interrupt': {
          target: 'failed',
          actions: [{ type: 'decide', params: { failure: INTERRUPTED } }, 'noteFailure'],
        },
      },
    },
    complete: { type: 'final', description: 'Its file is there.' },
    failed: { type: 'final', description: 'It came to nothing, with the cause.' },
    cancelled: { type: 'final', description: 'Nobody wants it any more.' },
  },
});
