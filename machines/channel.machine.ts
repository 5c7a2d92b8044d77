/**
 * One agent in one channel: one turn at a time. Messages that come during a turn wait and are answered together in the next one.
 * Every turn ends in `telling`, whatever became of it, so that nobody waits for an answer that will not come.
 */
import { assign, fromCallback, fromPromise, setup, spawnChild, stopChild } from 'xstate';
import type { EventObject } from 'xstate';

export type ChannelState = 'idle' | 'thinking' | 'streaming' | 'telling' | 'closed';

export interface TurnFailure {
  code: string;
  /** One sentence for the people in the channel. */
  message: string;
}

export type TurnOutcome =
  | { kind: 'answered' }
  /** What was written so far stays. */
  | { kind: 'cancelled' }
  | { kind: 'failed'; failure: TurnFailure };

/** What the ports work on. `answerId` is the id that the answer will have. */
export interface TurnWork {
  channelId: string;
  agentId: string;
  answerId: string;
}

export type TurnFact =
  /** The model is not free yet; `position` counts from 1, null when it is not known. */
  | { type: 'model.waited'; position: number | null }
  | { type: 'reply.began'; at: number }
  /** What goes on besides writing, for the people in the channel; null when it is over. */
  | { type: 'turn.noted'; doing: string | null }
  | { type: 'reply.finished' }
  | { type: 'reply.failed'; failure: TurnFailure };

export type ChannelCommand =
  /** Somebody said something that this agent answers. */
  | { type: 'message.arrived'; answerId: string; at: number }
  | { type: 'turn.cancel'; by: string }
  /** The agent leaves, or the channel is gone: the turn ends and none follows. */
  | { type: 'channel.close' };

export type ChannelEvent = ChannelCommand | TurnFact | { type: 'xstate.error.actor.turn'; error: unknown };

export interface ChannelContext {
  channelId: string;
  agentId: string;
  limits: TurnLimits;
  /** The id of the answer that is being worked on; null between turns. */
  answerId: string | null;
  /** How many messages wait for the next turn, and the id that its answer will have. */
  queued: number;
  nextAnswerId: string | null;
  /** When the turn began and when its answer did, epoch ms. */
  beganAt: number;
  streamingAt: number;
  position: number | null;
  /** A tool is used, or a person is asked for consent. */
  doing: string | null;
  outcome: TurnOutcome | null;
  by: string | null;
  closing: boolean;
}

export interface TurnLimits {
  /** From the message to the end of the answer, waiting for the model included, ms. */
  turnMs: number;
  /** How long telling the outcome may take, ms. */
  tellMs: number;
}

export interface ChannelInput {
  channelId: string;
  agentId: string;
  limits: TurnLimits;
}

const work = ({ channelId, agentId, answerId }: ChannelContext): TurnWork => ({
  channelId,
  agentId,
  answerId: answerId ?? '',
});

const seconds = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`);

export const channelMachine = setup({
  types: { context: {} as ChannelContext, events: {} as ChannelEvent, input: {} as ChannelInput },
  actors: {
    /** Asks the model and streams its answer to the channel; reports facts. Stopping it ends the request. */
    askModel: fromCallback<EventObject, TurnWork>(() => undefined),
    /** Says in the channel what became of the turn. Returns the time at which that was done, epoch ms. */
    tellOutcome: fromPromise<{ at: number }, TurnWork & { outcome: TurnOutcome }>(() => Promise.resolve({ at: 0 })),
  },
  actions: {
    ask: spawnChild('askModel', { id: 'turn', input: ({ context }) => work(context) }),
    stopAsking: stopChild('turn'),
    begin: assign(({ event }) =>
      event.type === 'message.arrived'
        ? { answerId: event.answerId, beganAt: event.at, position: null, doing: null, outcome: null, by: null }
        : {},
    ),
    queue: assign(({ context, event }) =>
      event.type === 'message.arrived' ? { queued: context.queued + 1, nextAnswerId: event.answerId } : {},
    ),
    /** All that came meanwhile becomes one turn. */
    fold: assign(({ context }, params: { at: number }) => ({
      answerId: context.nextAnswerId,
      beganAt: params.at,
      queued: 0,
      nextAnswerId: null,
      position: null,
      doing: null,
      outcome: null,
      by: null,
    })),
    rest: assign({
      answerId: null,
      outcome: null,
      position: null,
      doing: null,
      by: null,
      queued: 0,
      nextAnswerId: null,
    }),
    notePosition: assign(({ event }) => (event.type === 'model.waited' ? { position: event.position } : {})),
    noteDoing: assign(({ event }) => (event.type === 'turn.noted' ? { doing: event.doing, position: null } : {})),
    noteBegun: assign(({ event }) => (event.type === 'reply.began' ? { streamingAt: event.at, position: null } : {})),
    noteAnswered: assign({ outcome: { kind: 'answered' } }),
    noteFailure: assign(({ event }) =>
      event.type === 'reply.failed' ? { outcome: { kind: 'failed', failure: event.failure } } : {},
    ),
    noteTimeout: assign(({ context }) => ({
      outcome: {
        kind: 'failed',
        failure: {
          code: 'TIMEOUT',
          message: `it took longer than ${seconds(context.limits.turnMs)}; ask for less, or give the agent more time.`,
        },
      },
    })),
    noteUnexpected: assign((_, params: { error: unknown }) => ({
      outcome: {
        kind: 'failed',
        failure: {
          code: 'INTERNAL',
          message: `something failed inside the server: ${params.error instanceof Error ? params.error.message : String(params.error)}`,
        },
      },
    })),
    noteCancelled: assign(({ event }) => ({
      outcome: { kind: 'cancelled' },
      ...(event.type === 'turn.cancel' ? { by: event.by } : {}),
    })),
    /** A cancel means everything that was asked so far. */
    dropQueue: assign({ queued: 0, nextAnswerId: null }),
    noteClosing: assign({ closing: true, queued: 0, nextAnswerId: null }),
  },
  guards: {
    isClosing: ({ context }) => context.closing,
    hasQueued: ({ context }) => context.nextAnswerId !== null,
  },
  delays: {
    turnTimeout: ({ context }) => context.limits.turnMs,
    restOfTurn: ({ context: { limits, beganAt, streamingAt } }) => Math.max(1, limits.turnMs - (streamingAt - beganAt)),
    tellTimeout: ({ context }) => context.limits.tellMs,
  },
}).createMachine({
  id: 'channel',
  description: 'One agent in one channel: it answers one turn at a time, and always says how a turn ended.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    answerId: null,
    queued: 0,
    nextAnswerId: null,
    beganAt: 0,
    streamingAt: 0,
    position: null,
    doing: null,
    outcome: null,
    by: null,
    closing: false,
  }),
  initial: 'idle',
  states: {
    idle: {
      description: 'Nobody waits for it.',
      on: {
        'message.arrived': { target: 'thinking', actions: ['begin', 'ask'] },
        'channel.close': { target: 'closed' },
      },
    },
    thinking: {
      description: 'The model was asked: it is being loaded, answers others first, or reads.',
      on: {
        'message.arrived': { actions: 'queue' },
        'model.waited': { actions: 'notePosition' },
        'turn.noted': { actions: 'noteDoing' },
        'reply.began': { target: 'streaming', actions: 'noteBegun' },
        'reply.finished': { target: 'telling', actions: 'noteAnswered' },
        'reply.failed': { target: 'telling', actions: 'noteFailure' },
        'xstate.error.actor.turn': {
          target: 'telling',
          actions: { type: 'noteUnexpected', params: ({ event }) => ({ error: event.error }) },
        },
        'turn.cancel': { target: 'telling', actions: ['noteCancelled', 'dropQueue'] },
        'channel.close': { target: 'telling', actions: ['noteCancelled', 'noteClosing'] },
      },
      after: { turnTimeout: { target: 'telling', actions: 'noteTimeout' } },
    },
    streaming: {
      description: 'Its answer is being written, and the channel reads along.',
      on: {
        'turn.noted': { actions: 'noteDoing' },
        'message.arrived': { actions: 'queue' },
        'reply.finished': { target: 'telling', actions: 'noteAnswered' },
        'reply.failed': { target: 'telling', actions: 'noteFailure' },
        'xstate.error.actor.turn': {
          target: 'telling',
          actions: { type: 'noteUnexpected', params: ({ event }) => ({ error: event.error }) },
        },
        'turn.cancel': { target: 'telling', actions: ['noteCancelled', 'dropQueue'] },
        'channel.close': { target: 'telling', actions: ['noteCancelled', 'noteClosing'] },
      },
      after: { restOfTurn: { target: 'telling', actions: 'noteTimeout' } },
    },
    telling: {
      description: 'The answer, or why there is none, is put on disk and said; then that the turn is over.',
      entry: 'stopAsking',
      invoke: {
        src: 'tellOutcome',
        id: 'tell',
        input: ({ context }) => ({ ...work(context), outcome: context.outcome ?? { kind: 'cancelled' } }),
        onDone: [
          { guard: 'isClosing', target: 'closed' },
          {
            guard: 'hasQueued',
            target: 'thinking',
            actions: [{ type: 'fold', params: ({ event }) => ({ at: event.output.at }) }, 'ask'],
          },
          { target: 'idle', actions: 'rest' },
        ],
        // The port has logged why. What waits is asked for again by whoever asked.
        onError: [
          { guard: 'isClosing', target: 'closed' },
          { target: 'idle', actions: 'rest' },
        ],
      },
      on: {
        'message.arrived': { actions: 'queue' },
        'turn.cancel': { actions: 'dropQueue' },
        'channel.close': { actions: 'noteClosing' },
      },
      after: {
        tellTimeout: [
          { guard: 'isClosing', target: 'closed' },
          { target: 'idle', actions: 'rest' },
        ],
      },
    },
    closed: { type: 'final', description: 'The agent has left the channel, or the channel is gone.' },
  },
});
