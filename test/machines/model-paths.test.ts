import { expect, it } from 'vitest';
import { modelMachine } from '../../machines/model.machine.ts';
import type { ModelEvent, ModelReport } from '../../machines/model.machine.ts';
import { defaultRestartPolicy } from '../../machines/restart-policy.ts';
import { afterEvents, explore } from './support/explore.ts';
import { exited, info, limits, progressed, ready, spawned, stalled } from './support/facts.ts';
import { reportSink, scriptedProcess } from './support/live.ts';
import { replayOnProcessMachine, testEveryTransition } from './support/paths.ts';

const events: ModelEvent[] = [
  { type: 'model.load', requestId: 'load', by: 'test', at: 1 },
  { type: 'model.unload', requestId: 'unload', by: 'test', at: 1 },
  { type: 'model.reload', by: 'test', at: 1 },
  { type: 'model.refresh', by: 'test', at: 1 },
  { type: 'model.retain', by: 'test', at: 1 },
  { type: 'requests.held' },
  { type: 'model.reset', by: 'test', at: 1 },
  spawned,
  progressed,
  ready,
  { type: 'probe.passed', at: 2, info },
  stalled,
  exited('CRASHED'),
  exited('CORRUPT_FILE'),
];

const inputFor = (sink: { ref: ReturnType<typeof reportSink<ModelReport>>['ref'] }) => ({
  id: 'alpha',
  policy: defaultRestartPolicy,
  limits,
  supervisor: sink.ref,
});

const explored = explore(modelMachine, inputFor(reportSink<ModelReport>()), events, ({ context }) => [
  context.desired,
  context.pending !== null,
  context.retryDelayMs !== null,
  context.refreshBy !== null,
]);

it('the model waits by four delays', () => {
  expect(afterEvents(modelMachine)).toHaveLength(4);
});

testEveryTransition('model', explored, (steps) => {
  const sink = reportSink<ModelReport>();
  const process = scriptedProcess();
  const machine = modelMachine.provide({
    actors: { modelProcess: process.logic, readinessProbe: scriptedProcess().logic },
  });
  replayOnProcessMachine(steps, { machine, input: inputFor(sink), process, reports: sink.reports });
});
