/**
 * A server of the Model Context Protocol, whose tools agents use: a process of ours or an address. It is *transient*: what ends it
 * against our will starts it again after a pause, within a budget, while it is wanted.
 */
import { assign, enqueueActions, fromCallback, sendTo, setup, spawnChild, stopChild } from 'xstate';
import type { EventObject } from 'xstate';
import { completed, verdict } from './process.ts';
import type { Failure } from './process.ts';
import { decideRestart } from './restart-policy.ts';
import type { RestartPolicy } from './restart-policy.ts';

export type McpServerState = 'stopped' | 'starting' | 'ready' | 'stopping' | 'backoff' | 'failed';

/** Deadlines in ms, each counted from the moment at which the server was told to stop, except the first. */
export interface McpServerLimits {
  /** From its start to the list of its tools. */
  startMs: number;
  /** How long it may take to leave by itself after its input has ended; then it is terminated. */
  leaveMs: number;
  /** When it is killed. */
  stopMs: number;
  /** When a killed one is given up on. */
  killMs: number;
}

export type McpConnectionFact =
  | { type: 'connection.spawned'; pid: number; at: number }
  /** The handshake is done and the tools are known. `tools` counts them. */
  | { type: 'connection.ready'; tools: number; at: number }
  | { type: 'tools.changed'; tools: number }
  /** Exactly one ends every connection, also one that never came about. */
  | { type: 'connection.ended'; failure: Failure; at: number }
  /** It does not answer any more. */
  | { type: 'server.silent'; failure: Failure };

export type McpConnectionCommand =
  { type: 'connection.close' } | { type: 'connection.terminate' } | { type: 'connection.kill' };

export type McpServerCommand =
  | { type: 'mcp.start'; by: string }
  | { type: 'mcp.stop'; by: string }
  /** Ends what runs and starts anew, also to take over a changed definition. */
  | { type: 'mcp.restart'; by: string };

export type McpServerEvent = McpServerCommand | McpConnectionFact;

export interface McpServerInput {
  name: string;
  policy: RestartPolicy;
  limits: McpServerLimits;
}

export interface McpServerContext extends McpServerInput {
  desired: 'ready' | 'stopped';
  /** Whose call caused what happens now; null when nobody's did. */
  by: string | null;
  pid: number | null;
  startedAt: number | null;
  /** How many tools it has; null while that is not known. */
  tools: number | null;
  /** Why it ended the last time. */
  failure: Failure | null;
  /** The machine's own verdict on a server that still has to leave. */
  pending: Failure | null;
  exits: number[];
  retryDelayMs: number | null;
  /** Epoch ms. */
  retryAt: number | null;
  restarts: number;
}

const NO_CONNECTION = { pid: null, startedAt: null, tools: null } as const;
const NO_FAILURE = { failure: null, exits: [] as number[], retryDelayMs: null, retryAt: null };

const seconds = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`);

export const mcpServerMachine = setup({
  types: { context: {} as McpServerContext, events: {} as McpServerEvent, input: {} as McpServerInput },
  actors: {
    /** Starts the server, or connects to it, and reports facts. Replaced by the process layer. */
    connection: fromCallback<McpConnectionCommand, { name: string }>(() => undefined),
    /** Asks the server now and then whether it is there; reports `server.silent` once it does not answer. */
    watchHealth: fromCallback<EventObject, { name: string }>(() => undefined),
  },
  actions: {
    connect: spawnChild('connection', { id: 'connection', input: ({ context: { name } }) => ({ name }) }),
    close: sendTo('connection', (): McpConnectionCommand => ({ type: 'connection.close' })),
    terminate: sendTo('connection', (): McpConnectionCommand => ({ type: 'connection.terminate' })),
    kill: sendTo('connection', (): McpConnectionCommand => ({ type: 'connection.kill' })),
    forgetConnection: enqueueActions(({ enqueue }) => {
      enqueue(stopChild('connection'));
      enqueue.assign(NO_CONNECTION);
    }),
    wantReady: assign(({ event }) => ({ desired: 'ready' as const, ...('by' in event ? { by: event.by } : {}) })),
    wantStopped: assign(({ event }) => ({ desired: 'stopped' as const, ...('by' in event ? { by: event.by } : {}) })),
    forgetFailure: assign(NO_FAILURE),
    forgetCaller: assign({ by: null }),
    /** Whoever asks for another start does not ask for the failure that would end this one. */
    clearVerdict: assign({ pending: null }),
    noteSpawned: assign(({ event }) => (event.type === 'connection.spawned' ? { pid: event.pid } : {})),
    noteReady: assign(({ event }) =>
      event.type === 'connection.ready'
        ? { startedAt: event.at, tools: event.tools, failure: null, retryDelayMs: null, retryAt: null }
        : {},
    ),
    noteTools: assign(({ event }) => (event.type === 'tools.changed' ? { tools: event.tools } : {})),
    noteFailure: assign(({ context, event }) => {
      if (event.type !== 'connection.ended') return {};
      const failure = completed(context.pending, event.failure);
      const decision = decideRestart(context.policy, context.exits, event.at, failure.code);
      const delayMs = decision.kind === 'retry' ? decision.delayMs : null;
      return {
        failure,
        pending: null,
        exits: decision.exits,
        retryDelayMs: delayMs,
        retryAt: delayMs === null ? null : event.at + delayMs,
      };
    }),
    noteStuck: assign({
      failure: verdict('NOT_STOPPED', 'It did not leave after it was killed.'),
      pending: null,
      retryDelayMs: null,
      retryAt: null,
      desired: 'stopped' as const,
    }),
    countRestart: assign({
      restarts: ({ context }) => context.restarts + 1,
      retryAt: null,
      retryDelayMs: null,
      by: null,
    }),
    judgeSlowStart: assign(({ context }) => ({
      pending: verdict(
        'START_TIMEOUT',
        `It did not answer the first greeting within ${seconds(context.limits.startMs)}; its log says what it does.`,
      ),
      by: null,
    })),
    judgeSilence: assign(({ event }) =>
      event.type === 'server.silent' ? { pending: event.failure, by: null } : { by: null },
    ),
  },
  guards: {
    wantsReady: ({ context }) => context.desired === 'ready',
    wasJudged: ({ context }) => context.pending !== null && context.desired === 'ready',
    /** Whether the end that is told now may be followed by another start. */
    mayRetry: ({ context, event }) =>
      event.type === 'connection.ended' &&
      decideRestart(context.policy, context.exits, event.at, completed(context.pending, event.failure).code).kind ===
        'retry',
    wasJudgedAndMayRetry: ({ context, event }) =>
      event.type === 'connection.ended' &&
      context.pending !== null &&
      context.desired === 'ready' &&
      decideRestart(context.policy, context.exits, event.at, context.pending.code).kind === 'retry',
  },
  delays: {
    startTimeout: ({ context }) => context.limits.startMs,
    leaveTimeout: ({ context }) => context.limits.leaveMs,
    stopTimeout: ({ context }) => context.limits.stopMs,
    killTimeout: ({ context }) => context.limits.killMs,
    backoff: ({ context }) => context.retryDelayMs ?? 0,
  },
}).createMachine({
  id: 'mcp-server',
  description: 'A configured server of the Model Context Protocol, whose tools agents use.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    ...NO_CONNECTION,
    ...NO_FAILURE,
    desired: 'stopped',
    by: null,
    pending: null,
    restarts: 0,
  }),
  initial: 'stopped',
  states: {
    stopped: {
      description: 'Not connected; started by a command, or when a tool of it is needed.',
      on: {
        'mcp.start': { target: 'starting', actions: ['forgetFailure', 'wantReady'] },
        'mcp.restart': { target: 'starting', actions: ['forgetFailure', 'wantReady'] },
        'mcp.stop': { actions: 'wantStopped' },
      },
    },
    starting: {
      description: 'It is started or called, greeted, and asked for its tools.',
      entry: 'connect',
      on: {
        'mcp.start': { actions: 'wantReady' },
        'mcp.restart': { target: 'stopping', actions: 'wantReady' },
        'mcp.stop': { target: 'stopping', actions: 'wantStopped' },
        'connection.spawned': { actions: 'noteSpawned' },
        'connection.ready': { target: 'ready', actions: 'noteReady' },
        'connection.ended': [
          { guard: 'mayRetry', target: 'backoff', actions: ['noteFailure', 'forgetConnection'] },
          { target: 'failed', actions: ['noteFailure', 'forgetConnection'] },
        ],
      },
      after: { startTimeout: { target: 'stopping', actions: 'judgeSlowStart' } },
    },
    ready: {
      description: 'Its tools can be called.',
      invoke: { src: 'watchHealth', id: 'health', input: ({ context: { name } }) => ({ name }) },
      on: {
        'mcp.start': { actions: 'wantReady' },
        'mcp.restart': { target: 'stopping', actions: 'wantReady' },
        'mcp.stop': { target: 'stopping', actions: 'wantStopped' },
        'tools.changed': { actions: 'noteTools' },
        'server.silent': { target: 'stopping', actions: 'judgeSilence' },
        'connection.ended': [
          { guard: 'mayRetry', target: 'backoff', actions: ['forgetCaller', 'noteFailure', 'forgetConnection'] },
          { target: 'failed', actions: ['forgetCaller', 'noteFailure', 'forgetConnection'] },
        ],
      },
    },
    stopping: {
      description: 'Its input has ended; it is terminated, then killed, if it does not leave.',
      entry: 'close',
      on: {
        'mcp.start': { actions: ['wantReady', 'clearVerdict'] },
        'mcp.restart': { actions: ['wantReady', 'clearVerdict'] },
        'mcp.stop': { actions: ['wantStopped', 'clearVerdict'] },
        'connection.ended': [
          { guard: 'wasJudgedAndMayRetry', target: 'backoff', actions: ['noteFailure', 'forgetConnection'] },
          { guard: 'wasJudged', target: 'failed', actions: ['noteFailure', 'forgetConnection'] },
          { guard: 'wantsReady', target: 'starting', actions: ['forgetConnection', 'forgetFailure'] },
          { target: 'stopped', actions: ['forgetConnection', 'forgetFailure'] },
        ],
      },
      after: {
        leaveTimeout: { actions: 'terminate' },
        stopTimeout: { actions: 'kill' },
        killTimeout: { target: 'failed', actions: ['noteStuck', 'forgetConnection'] },
      },
    },
    backoff: {
      description: 'It ended against our will and is started again after a pause.',
      on: {
        'mcp.start': { target: 'starting', actions: ['forgetFailure', 'wantReady'] },
        'mcp.restart': { target: 'starting', actions: ['forgetFailure', 'wantReady'] },
        'mcp.stop': { target: 'stopped', actions: ['forgetFailure', 'wantStopped'] },
      },
      after: { backoff: { target: 'starting', actions: 'countRestart' } },
    },
    failed: {
      description: 'Given up: it failed too often, or something must be mended first.',
      on: {
        'mcp.start': { target: 'starting', actions: ['forgetFailure', 'wantReady'] },
        'mcp.restart': { target: 'starting', actions: ['forgetFailure', 'wantReady'] },
        'mcp.stop': { target: 'stopped', actions: ['forgetFailure', 'wantStopped'] },
      },
    },
  },
});
