import { createActor, fromCallback } from 'xstate';
import { describe, expect, it } from 'vitest';
import { mcpServerMachine } from '../../machines/mcp-server.machine.ts';
import type {
  McpConnectionCommand,
  McpConnectionFact,
  McpServerEvent,
  McpServerLimits,
} from '../../machines/mcp-server.machine.ts';
import { mcpServersMachine } from '../../machines/mcp-servers.machine.ts';
import { verdict } from '../../machines/process.ts';
import type { FailureCode } from '../../machines/process.ts';
import { defaultRestartPolicy } from '../../machines/restart-policy.ts';
import { afterEvents, explore } from './support/explore.ts';
import { clock, scriptedPorts } from './support/live.ts';
import { testEveryTransition } from './support/paths.ts';

const LIMITS: McpServerLimits = { startMs: 60_000, leaveMs: 1000, stopMs: 4000, killMs: 8000 };
const input = { name: 'files', policy: defaultRestartPolicy, limits: LIMITS };
const ended = (code: FailureCode, at = 1): McpConnectionFact => ({
  type: 'connection.ended',
  failure: { ...verdict(code, code), at },
  at,
});
const ready: McpConnectionFact = { type: 'connection.ready', tools: 3, at: 2 };
const silent: McpConnectionFact = { type: 'server.silent', failure: verdict('STALLED', 'silent') };
const start: McpServerEvent = { type: 'mcp.start', by: 'test' };
const stop: McpServerEvent = { type: 'mcp.stop', by: 'test' };
const restart: McpServerEvent = { type: 'mcp.restart', by: 'test' };

const events: McpServerEvent[] = [
  start,
  stop,
  restart,
  { type: 'connection.spawned', pid: 7, at: 1 },
  ready,
  { type: 'tools.changed', tools: 4 },
  silent,
  // A judged one that leaves when the budget is spent.
  { type: 'server.silent', failure: verdict('NOT_STOPPED', 'for good') },
  ended('CRASHED'),
  ended('SPAWN_FAILED'),
];

const make = () => {
  const simulated = clock();
  const ports = scriptedPorts<McpConnectionCommand, McpConnectionFact>(() => 'files');
  const port = ports.of('files');
  const watching = { alive: 0 };
  const machine = mcpServerMachine.provide({
    actors: {
      connection: ports.logic as never,
      watchHealth: fromCallback(() => {
        watching.alive += 1;
        return () => void (watching.alive -= 1);
      }),
    },
  });
  const actor = createActor(machine, { clock: simulated, input }).start();
  return {
    actor,
    port,
    simulated,
    watching,
    state: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
    told: () => port.log.map(({ type }) => type),
  };
};

const delayOf = (type: string, retryDelayMs: number | null): number => {
  if (type.includes('startTimeout')) return LIMITS.startMs;
  if (type.includes('leaveTimeout')) return LIMITS.leaveMs;
  if (type.includes('stopTimeout')) return LIMITS.stopMs;
  if (type.includes('killTimeout')) return LIMITS.killMs;
  return retryDelayMs ?? 0;
};

const explored = explore(mcpServerMachine, input, events, ({ context }) => [
  context.desired,
  context.pending?.code,
  context.exits.length,
]);

it('the server waits by five delays', () => {
  expect(afterEvents(mcpServerMachine)).toHaveLength(5);
});

testEveryTransition('mcp-server', explored, (steps) => {
  const { actor, port, simulated, watching, state, context } = make();
  for (const { event, state: expected } of steps) {
    if (event.type.startsWith('xstate.after.')) simulated.increment(delayOf(event.type, context().retryDelayMs));
    else actor.send(event as McpServerEvent);
    expect(state(), `after ${event.type}`).toBe(expected);
    expect(port.counts.alive).toBe(['starting', 'ready', 'stopping'].includes(expected) ? 1 : 0);
    expect(watching.alive).toBe(expected === 'ready' ? 1 : 0);
  }
  expect(port.counts.most).toBeLessThanOrEqual(1);
  actor.stop();
  expect(port.counts.alive).toBe(0);
});

describe('a server of tools', () => {
  const running = () => {
    const server = make();
    server.actor.send(start);
    server.port.tell(ready);
    return server;
  };

  it('is started again after a crash, later each time, until it is given up', () => {
    const { actor, port, simulated, state, context } = running();
    const pauses: (number | null)[] = [];
    for (let crash = 0; crash < 6; crash += 1) {
      port.tell(ended('CRASHED', crash));
      pauses.push(context().retryDelayMs);
      if (state() === 'backoff') simulated.increment(context().retryDelayMs ?? 0);
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, null]);
    expect(state()).toBe('failed');
    expect(context().failure?.code).toBe('CRASHED');
    actor.send(start);
    expect(state()).toBe('starting');
    expect(context().exits).toEqual([]);
  });

  it('is not started again when that cannot help', () => {
    const { actor, port, state, context } = make();
    actor.send(start);
    port.tell(ended('SPAWN_FAILED'));
    expect(state()).toBe('failed');
    expect(context().retryAt).toBeNull();
  });

  it('that does not greet in time is ended and tried again', () => {
    const { actor, port, simulated, told, state, context } = make();
    actor.send(start);
    simulated.increment(LIMITS.startMs);
    expect(state()).toBe('stopping');
    simulated.increment(LIMITS.leaveMs);
    simulated.increment(LIMITS.stopMs - LIMITS.leaveMs);
    expect(told()).toEqual(['connection.close', 'connection.terminate', 'connection.kill']);
    port.tell(ended('KILLED'));
    expect(state()).toBe('backoff');
    expect(context().failure).toMatchObject({
      code: 'START_TIMEOUT',
      message: expect.stringContaining('60 s') as string,
    });
  });

  it('that never leaves is given up', () => {
    const { actor, simulated, state, context } = running();
    actor.send(stop);
    simulated.increment(LIMITS.killMs);
    expect(state()).toBe('failed');
    expect(context().failure?.code).toBe('NOT_STOPPED');
  });

  it('that falls silent is ended and started again', () => {
    const { port, simulated, state, context } = running();
    port.tell(silent);
    expect(state()).toBe('stopping');
    port.tell(ended('CRASHED'));
    expect(state()).toBe('backoff');
    expect(context().failure?.code).toBe('STALLED');
    simulated.increment(1000);
    expect(state()).toBe('starting');
  });

  it('follows the last wish while it stops', () => {
    const { actor, port, state } = running();
    actor.send(stop);
    actor.send(start);
    port.tell(ended('CRASHED'));
    expect(state()).toBe('starting');
    actor.send(restart);
    actor.send(stop);
    port.tell(ended('CRASHED'));
    expect(state()).toBe('stopped');
  });
});

describe('all servers', () => {
  it('come once and go', () => {
    const root = createActor(mcpServersMachine, { input: { policy: defaultRestartPolicy, limits: LIMITS } }).start();
    const names = (): string[] => Object.keys(root.getSnapshot().context.servers);
    root.send({ type: 'server.defined', name: 'a' });
    const first = root.getSnapshot().context.servers['a'];
    root.send({ type: 'server.defined', name: 'a' });
    root.send({ type: 'server.defined', name: 'b' });
    expect(names()).toEqual(['a', 'b']);
    expect(root.getSnapshot().context.servers['a']).toBe(first);
    root.send({ type: 'server.removed', name: 'a' });
    root.send({ type: 'server.removed', name: 'never' });
    expect(names()).toEqual(['b']);
    expect(Object.keys(root.getSnapshot().children)).toEqual(['mcp:b']);
  });
});
