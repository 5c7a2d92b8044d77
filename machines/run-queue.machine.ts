/**
 * Who may run when: first come, first served, so many at once, so many waiting, none for ever. A run is a row while it waits and
 * an actor only while it runs (design: spawning is not free). Positions are told whenever they change.
 */
import { enqueueActions, setup, stopChild } from 'xstate';
import type { ActorRefFrom, DoneActorEvent, ErrorActorEvent } from 'xstate';
import { runMachine } from './run.machine.ts';
import type { RunLimits, RunOutcome, RunResult } from './run.machine.ts';

export interface QueuedRun {
  id: string;
  limits: RunLimits;
}

export interface RunQueueLimits {
  /** Runs at once. */
  running: number;
  /** Runs that may wait. */
  waiting: number;
  /** Longest wait, ms. */
  waitMs: number;
}

export type RunQueueCommand =
  | ({ type: 'run.submit' } & QueuedRun)
  | { type: 'run.cancel'; id: string; by: string }
  | { type: 'limits.changed'; limits: RunQueueLimits }
  /** No more runs; those that wait or run end as interrupted. */
  | { type: 'queue.stop' };

type RunQueueEvent =
  RunQueueCommand | { type: 'run.expired'; id: string } | DoneActorEvent<RunResult> | ErrorActorEvent;

/** How a run ended, whether it ever ran or not. */
export interface RunSettlement extends RunResult {
  /** `queue` for one that never ran. */
  where: 'queue' | 'process';
}

export type RunQueueEmitted =
  | { type: 'run.started'; id: string }
  /** Its place in the queue, 0 for the next; told when it joins and whenever it moves. */
  | { type: 'run.moved'; id: string; position: number }
  | ({ type: 'run.settled'; id: string } & RunSettlement)
  /** Not taken: nothing changed. */
  | { type: 'run.refused'; id: string; code: 'QUEUE_FULL' | 'INVALID_STATE'; message: string };

export interface RunQueueContext {
  limits: RunQueueLimits;
  waiting: QueuedRun[];
  running: Record<string, ActorRefFrom<typeof runMachine>>;
}

const timerOf = (id: string): string => `wait:${id}`;
const settledInQueue = (id: string, outcome: RunOutcome, reason: string): RunQueueEmitted => ({
  type: 'run.settled',
  id,
  outcome,
  exitCode: null,
  signal: null,
  reason,
  where: 'queue',
});

export const runQueueMachine = setup({
  types: {
    context: {} as RunQueueContext,
    events: {} as RunQueueEvent,
    input: {} as RunQueueLimits,
    emitted: {} as RunQueueEmitted,
  },
  actors: { run: runMachine },
  actions: {
    join: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'run.submit') return;
      const { id, limits } = event;
      const free = Object.keys(context.running).length < context.limits.running && context.waiting.length === 0;
      if (!free && context.waiting.length >= context.limits.waiting) {
        enqueue.emit({
          type: 'run.refused',
          id,
          code: 'QUEUE_FULL',
          message: `${context.waiting.length} runs wait already, which is the limit; try again when some have ended.`,
        });
        return;
      }
      enqueue.assign({ waiting: [...context.waiting, { id, limits }] });
      if (free) return;
      enqueue.emit({ type: 'run.moved', id, position: context.waiting.length });
      enqueue.raise({ type: 'run.expired', id }, { delay: context.limits.waitMs, id: timerOf(id) });
    }),
    refuse: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'run.submit') return;
      enqueue.emit({ type: 'run.refused', id: event.id, code: 'INVALID_STATE', message: 'The server is stopping.' });
    }),
    /** Starts those that have room, then tells the others their new places. */
    advance: enqueueActions(({ context, enqueue }) => {
      const room = Math.max(0, context.limits.running - Object.keys(context.running).length);
      const next = context.waiting.slice(0, room);
      if (next.length === 0) return;
      const left = context.waiting.slice(room);
      for (const { id, limits } of next) {
        enqueue.cancel(timerOf(id));
        enqueue.assign({
          running: ({ context: now, spawn }) => ({
            ...now.running,
            [id]: spawn('run', { id: `run:${id}`, input: { id, limits } }),
          }),
        });
        enqueue.emit({ type: 'run.started', id });
      }
      enqueue.assign({ waiting: left });
      for (const [position, { id }] of left.entries()) enqueue.emit({ type: 'run.moved', id, position });
    }),
    /** Takes one out of the queue, and tells those behind it. */
    leave: enqueueActions(({ context, event, enqueue }, params: { outcome: RunOutcome; reason: string }) => {
      if (event.type !== 'run.cancel' && event.type !== 'run.expired') return;
      const { id } = event;
      const place = context.waiting.findIndex((run) => run.id === id);
      const left = context.waiting.filter((run) => run.id !== id);
      enqueue.cancel(timerOf(id));
      enqueue.assign({ waiting: left });
      enqueue.emit(settledInQueue(id, params.outcome, params.reason));
      for (const [position, run] of left.entries())
        if (position >= place) enqueue.emit({ type: 'run.moved', id: run.id, position });
    }),
    cancelRunning: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'run.cancel') return;
      const ref = context.running[event.id];
      if (ref !== undefined) enqueue.sendTo(ref, { type: 'run.cancel', by: event.by });
    }),
    settle: enqueueActions(({ context, enqueue }, params: { id: string; result: RunResult }) => {
      const { [params.id]: ref, ...others } = context.running;
      if (ref === undefined) return;
      enqueue(stopChild(ref));
      enqueue.assign({ running: others });
      enqueue.emit({ type: 'run.settled', id: params.id, ...params.result, where: 'process' });
    }),
    noteLimits: enqueueActions(({ event, enqueue }) => {
      if (event.type === 'limits.changed') enqueue.assign({ limits: event.limits });
    }),
    interruptAll: enqueueActions(({ context, enqueue }) => {
      for (const { id } of context.waiting) {
        enqueue.cancel(timerOf(id));
        enqueue.emit(settledInQueue(id, 'failed', 'It was interrupted by a restart of the server before it began.'));
      }
      enqueue.assign({ waiting: [] });
      for (const ref of Object.values(context.running)) enqueue.sendTo(ref, { type: 'run.interrupt' });
    }),
  },
  guards: {
    waits: ({ context, event }) => 'id' in event && context.waiting.some((run) => run.id === event.id),
    nothingRuns: ({ context }) => Object.keys(context.running).length === 0,
  },
}).createMachine({
  id: 'run-queue',
  description: 'Admits runs in order, so many at once; keeps the others waiting with their places.',
  options: { maxIterations: 1000 },
  context: ({ input }) => ({ limits: input, waiting: [], running: {} }),
  initial: 'open',
  on: {
    'run.cancel': [
      {
        guard: 'waits',
        actions: { type: 'leave', params: { outcome: 'cancelled', reason: 'It was cancelled while it waited.' } },
      },
      { actions: 'cancelRunning' },
    ],
  },
  states: {
    open: {
      description: 'Runs are taken, queued and started.',
      on: {
        'run.submit': { actions: ['join', 'advance'] },
        'run.expired': {
          guard: 'waits',
          actions: {
            type: 'leave',
            params: {
              outcome: 'timeout',
              reason: 'It waited longer than a run may wait; try again when less is running.',
            },
          },
        },
        'limits.changed': { actions: ['noteLimits', 'advance'] },
        'xstate.done.actor.*': {
          actions: [
            {
              type: 'settle',
              params: ({ event }) => ({ id: event.actorId.slice('run:'.length), result: event.output }),
            },
            'advance',
          ],
        },
        'xstate.error.actor.*': {
          actions: [{ type: 'settle', params: ({ event }) => failedActor(event) }, 'advance'],
        },
        'queue.stop': 'closing',
      },
    },
    closing: {
      description: 'The server stops: what waits is refused, what runs is ended.',
      entry: 'interruptAll',
      always: { guard: 'nothingRuns', target: 'closed' },
      on: {
        'run.submit': { actions: 'refuse' },
        'xstate.done.actor.*': {
          actions: {
            type: 'settle',
            params: ({ event }) => ({ id: event.actorId.slice('run:'.length), result: event.output }),
          },
        },
        'xstate.error.actor.*': { actions: { type: 'settle', params: ({ event }) => failedActor(event) } },
      },
    },
    closed: { type: 'final', description: 'No run is left.' },
  },
});

/** A fault of our own in the run's machine: its run has failed, and the queue goes on. */
const failedActor = (event: ErrorActorEvent): { id: string; result: RunResult } => ({
  id: event.actorId.slice('run:'.length),
  result: {
    outcome: 'failed',
    exitCode: null,
    signal: null,
    reason: `The run failed inside the server: ${event.error instanceof Error ? event.error.message : String(event.error)}`,
  },
});
