import { expect, it } from 'vitest';
import { defaultRestartPolicy } from '../../machines/restart-policy.ts';
import { routerMachine } from '../../machines/router.machine.ts';
import type { RouterEvent, RouterReport } from '../../machines/router.machine.ts';
import { afterEvents, explore } from './support/explore.ts';
import { exited, limits, progressed, ready, spawned, stalled } from './support/facts.ts';
import { reportSink, scriptedProcess } from './support/live.ts';
import { replayOnProcessMachine, testEveryTransition } from './support/paths.ts';

const events: RouterEvent[] = [
  { type: 'router.start', requestId: 'start', by: 'test', at: 1 },
  { type: 'router.stop', requestId: 'stop', by: 'test', at: 1 },
  { type: 'router.restart', signal: 'SIGTERM', by: 'test', at: 1 },
  { type: 'router.restart', signal: 'SIGKILL', by: 'test', at: 1, preset: 'other' },
  spawned,
  progressed,
  ready,
  stalled,
  exited('CRASHED'),
  exited('SPAWN_FAILED'),
];

const inputFor = (sink: { ref: ReturnType<typeof reportSink<RouterReport>>['ref'] }) => ({
  policy: defaultRestartPolicy,
  limits,
  preset: 'default',
  supervisor: sink.ref,
});

const explored = explore(routerMachine, inputFor(reportSink<RouterReport>()), events, ({ context }) => [
  context.desired,
  context.pending !== null,
  context.retryDelayMs !== null,
]);

it('the router waits by four delays', () => {
  expect(afterEvents(routerMachine)).toHaveLength(4);
});

testEveryTransition('router', explored, (steps) => {
  const sink = reportSink<RouterReport>();
  const process = scriptedProcess();
  const machine = routerMachine.provide({ actors: { routerProcess: process.logic as never } });
  replayOnProcessMachine(steps, { machine, input: inputFor(sink), process, reports: sink.reports });
});
