/**
 * One run: a CLI agent or a generator as a supervised process. It is an actor only while its process lives; before that it is a
 * row of the queue, afterwards a record. Exactly one outcome ends it.
 */
import { assign, enqueueActions, fromCallback, sendTo, setup, spawnChild, stopChild } from 'xstate';

export type RunOutcome = 'completed' | 'failed' | 'timeout' | 'cancelled';

/** What the process port reports; output never passes through here. `at` is epoch ms. */
export type RunFact =
  | { type: 'process.spawned'; pid: number; at: number }
  /** Ends every process, also one that never started: then `problem` says why. */
  | { type: 'process.exited'; exitCode: number | null; signal: string | null; problem: string | null; at: number };

export type RunProcessCommand =
  /** SIGTERM to the process group. */
  | { type: 'process.terminate' }
  /** SIGKILL to the process group. */
  | { type: 'process.kill' };

export type RunEvent =
  | RunFact
  | { type: 'run.cancel'; by: string }
  /** The server stops: the run ends as failed, and is not started again by itself. */
  | { type: 'run.interrupt' };

export interface RunLimits {
  /** How long it may run, ms. */
  timeoutMs: number;
  /** From SIGTERM to SIGKILL, ms. */
  stopMs: number;
  /** From SIGKILL until it is given up on, ms. */
  killMs: number;
}

export interface RunInput {
  id: string;
  limits: RunLimits;
}

export interface RunResult {
  outcome: RunOutcome;
  exitCode: number | null;
  signal: string | null;
  /** One sentence for a person; null for a completed run. */
  reason: string | null;
}

export interface RunContext extends RunInput {
  pid: number | null;
  exitCode: number | null;
  signal: string | null;
  /** Decided before the process has left; null while it may end by itself. */
  verdict: { outcome: RunOutcome; reason: string } | null;
  result: RunResult | null;
}

const seconds = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`);

/** What the end of a process means when nobody ended it. */
const outcomeOf = (
  exit: Extract<RunFact, { type: 'process.exited' }>,
): { outcome: RunOutcome; reason: string | null } => {
  if (exit.problem !== null) return { outcome: 'failed', reason: exit.problem };
  if (exit.exitCode === 0) return { outcome: 'completed', reason: null };
  const how = exit.signal === null ? `exit code ${exit.exitCode ?? 'unknown'}` : exit.signal;
  return { outcome: 'failed', reason: `The command ended with ${how}; its last lines say why.` };
};

export const runMachine = setup({
  types: {
    context: {} as RunContext,
    events: {} as RunEvent,
    input: {} as RunInput,
    output: {} as RunResult,
  },
  actors: {
    /** Runs the command with the prompt on its stdin. Replaced by the process layer. */
    runProcess: fromCallback<RunProcessCommand, { id: string }>(() => undefined),
  },
  actions: {
    startProcess: spawnChild('runProcess', { id: 'process', input: ({ context }) => ({ id: context.id }) }),
    terminate: sendTo('process', (): RunProcessCommand => ({ type: 'process.terminate' })),
    kill: sendTo('process', (): RunProcessCommand => ({ type: 'process.kill' })),
    forgetProcess: enqueueActions(({ enqueue }) => {
      enqueue(stopChild('process'));
      enqueue.assign({ pid: null });
    }),
    noteSpawned: assign(({ event }) => (event.type === 'process.spawned' ? { pid: event.pid } : {})),
    decide: assign((_, params: { outcome: RunOutcome; reason: string }) => ({ verdict: params })),
    noteExit: assign(({ context, event }) => {
      if (event.type !== 'process.exited') return {};
      const { exitCode, signal } = event;
      return { result: { exitCode, signal, ...(context.verdict ?? outcomeOf(event)) } };
    }),
    noteStuck: assign(({ context }) => ({
      result: {
        outcome: context.verdict?.outcome ?? ('failed' as const),
        exitCode: null,
        signal: null,
        reason:
          `${context.verdict?.reason ?? ''} Process ${context.pid ?? ''} did not leave after it was killed.`.trim(),
      },
    })),
  },
  delays: {
    timeout: ({ context }) => context.limits.timeoutMs,
    stopTimeout: ({ context }) => context.limits.stopMs,
    killTimeout: ({ context }) => context.limits.stopMs + context.limits.killMs,
  },
}).createMachine({
  id: 'run',
  description: 'One command with its prompt: a CLI agent, or a generator of media.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, pid: null, exitCode: null, signal: null, verdict: null, result: null }),
  output: ({ context }) => context.result as RunResult,
  initial: 'running',
  states: {
    running: {
      description: 'The process has its prompt and writes its answer.',
      entry: 'startProcess',
      on: {
        'process.spawned': { actions: 'noteSpawned' },
        'process.exited': { target: 'finished', actions: ['noteExit', 'forgetProcess'] },
        'run.cancel': {
          target: 'stopping',
          actions: { type: 'decide', params: { outcome: 'cancelled', reason: 'It was cancelled.' } },
        },
        'run.interrupt': {
          target: 'stopping',
          actions: {
            type: 'decide',
            params: { outcome: 'failed', reason: 'It was interrupted by a restart of the server.' },
          },
        },
      },
      after: {
        timeout: {
          target: 'stopping',
          actions: {
            type: 'decide',
            params: ({ context }) => ({
              outcome: 'timeout',
              reason: `It ran longer than its ${seconds(context.limits.timeoutMs)}; ask for less, or allow more with timeoutMs.`,
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
        'process.exited': { target: 'finished', actions: ['noteExit', 'forgetProcess'] },
      },
      after: {
        stopTimeout: { actions: 'kill' },
        killTimeout: { target: 'finished', actions: ['noteStuck', 'forgetProcess'] },
      },
    },
    finished: { type: 'final', description: 'Its outcome is known, and stays as a record.' },
  },
});
