import { createActor } from 'xstate';
import type { SnapshotFrom } from 'xstate';
import { describe, expect, it } from 'vitest';
import { modelMachine } from '../../machines/model.machine.ts';
import type { ModelEvent, ModelReport } from '../../machines/model.machine.ts';
import { verdict } from '../../machines/process.ts';
import type { FailureCode } from '../../machines/process.ts';
import { defaultRestartPolicy } from '../../machines/restart-policy.ts';
import { afterEvents, explore } from './support/explore.ts';
import type { Step } from './support/explore.ts';
import { clock, reportSink, scriptedProcess } from './support/live.ts';

const limits = { startMs: 60_000, stopMs: 5000, killMs: 2000 };
const info = { contextSize: 4096, slots: 4, memoryBytes: 1 };
const exited = (code: FailureCode): ModelEvent => ({ type: 'process.exited', at: 1, failure: { ...verdict(code, code), at: 1 } });
const events: ModelEvent[] = [
  { type: 'model.load', requestId: 'load', by: 'test', at: 1 },
  { type: 'model.unload', requestId: 'unload', by: 'test', at: 1 },
  { type: 'model.reload', by: 'test', at: 1 },
  { type: 'model.reset', by: 'test', at: 1 },
  { type: 'process.spawned', pid: 7, at: 1 },
  { type: 'process.progressed', percent: 50, stage: 'text_model' },
  { type: 'process.ready', at: 2, info },
  { type: 'probe.passed', at: 2, info },
  { type: 'process.stalled', at: 3, failure: verdict('STALLED', 'stalled') },
  exited('CRASHED'),
  exited('CORRUPT_FILE'),
];

const start = () => {
  const sink = reportSink<ModelReport>();
  const process = scriptedProcess();
  const simulated = clock();
  const machine = modelMachine.provide({
    actors: { modelProcess: process.logic as never, readinessProbe: scriptedProcess().logic as never },
  });
  const actor = createActor(machine, {
    clock: simulated,
    input: { id: 'alpha', policy: defaultRestartPolicy, limits, supervisor: sink.ref },
  });
  actor.start();
  return { actor, process, sink, simulated };
};

const explored = explore(
  modelMachine,
  { id: 'alpha', policy: defaultRestartPolicy, limits, supervisor: reportSink<ModelReport>().ref },
  events,
  ({ context }) => [context.desired, context.pending !== null, context.retryDelayMs !== null],
);

/** Delays are not sent by hand: the clock is moved to where they are due. */
const delayOf = (type: string, snapshot: SnapshotFrom<typeof modelMachine>): number => {
  if (type.includes('startTimeout')) return limits.startMs;
  if (type.includes('stopTimeout')) return limits.stopMs;
  if (type.includes('killTimeout')) return limits.stopMs + limits.killMs;
  return snapshot.context.retryDelayMs ?? 0;
};

const replay = (steps: readonly Step[]) => {
  const live = start();
  for (const { event, state } of steps) {
    if (event.type.startsWith('xstate.after.')) {
      live.simulated.increment(delayOf(event.type, live.actor.getSnapshot()));
    } else {
      live.actor.send(event as ModelEvent);
    }
    expect(live.actor.getSnapshot().value, `after ${event.type}`).toBe(state);
  }
  return live;
};

describe('every transition of the model machine', () => {
  it('is reachable', () => {
    expect(afterEvents(modelMachine)).toHaveLength(4);
    expect([...explored.defined].filter((name) => !explored.paths.some(({ transition }) => transition === name))).toEqual([]);
    console.log(`model: ${explored.paths.length} transitions, each replayed on a live actor`);
  });

  it.each(explored.paths.map(({ transition, steps }) => [transition, steps] as const))('%s', (_, steps) => {
    const { actor, process, sink } = replay(steps);
    const snapshot = actor.getSnapshot();
    expect(process.counts.most).toBeLessThanOrEqual(1);
    expect(process.counts.alive).toBe(['loading', 'loaded', 'stopping'].includes(snapshot.value) ? 1 : 0);
    // Every request is answered once: those still waiting plus those settled are those sent.
    const asked = steps.filter(({ event }) => event.type === 'model.load' || event.type === 'model.unload').length;
    const settled = sink.reports.flatMap((report) => (report.type === 'requests.settled' ? report.settlements : []));
    expect(settled.length + snapshot.context.waiters.length).toBe(asked);
    const reported = sink.reports.flatMap((report) => (report.type === 'model.reported' ? [report.state] : []));
    if (reported.length > 0) expect(reported.at(-1)).toBe(snapshot.value);
    actor.stop();
    expect(process.counts.alive).toBe(0);
  });
});
