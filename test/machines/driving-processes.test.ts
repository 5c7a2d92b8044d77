/** What the model and the router tell their processes, and what they keep of what these report. */
import { createActor } from 'xstate';
import { describe, expect, it } from 'vitest';
import { modelMachine } from '../../machines/model.machine.ts';
import type { ModelReport } from '../../machines/model.machine.ts';
import { defaultRestartPolicy } from '../../machines/restart-policy.ts';
import { routerMachine } from '../../machines/router.machine.ts';
import type { RouterReport } from '../../machines/router.machine.ts';
import { exited, info, limits, progressed, ready, spawned, stalled } from './support/facts.ts';
import { clock, reportSink, scriptedProcess } from './support/live.ts';

const by = { by: 'test', at: 1 };
const common = { policy: defaultRestartPolicy, limits };

const startModel = () => {
  const sink = reportSink<ModelReport>();
  const process = scriptedProcess();
  const simulated = clock();
  const machine = modelMachine.provide({
    actors: { modelProcess: process.logic, readinessProbe: scriptedProcess().logic },
  });
  const actor = createActor(machine, { clock: simulated, input: { id: 'a', ...common, supervisor: sink.ref } }).start();
  return {
    actor,
    process,
    simulated,
    sink,
    context: () => actor.getSnapshot().context,
    load: (parts = {}) => actor.send({ type: 'model.load', requestId: 'load', ...by, ...parts }),
    unload: () => actor.send({ type: 'model.unload', requestId: 'unload', ...by }),
    refusals: () => sink.reports.flatMap((report) => ('settlements' in report ? report.settlements : [])),
  };
};

describe('a model', () => {
  it('is stopped by a signal while it loads, and by the end of its input once loaded', () => {
    const loading = startModel();
    loading.load();
    loading.unload();
    expect(loading.process.log).toMatchObject([{ type: 'process.stop', mode: 'terminate', signal: 'SIGTERM' }]);

    const loaded = startModel();
    loaded.load();
    loaded.process.tell(ready);
    loaded.unload();
    expect(loaded.process.log).toMatchObject([{ type: 'process.stop', mode: 'end-input' }]);
  });

  it('says why it is stopped when that was its own decision', () => {
    const { load, process } = startModel();
    load();
    process.tell(ready);
    process.tell(stalled);
    expect(process.log).toMatchObject([{ type: 'process.stop', reason: 'stalled' }]);
  });

  it('kills a process that does not stop, and says so if even that does not help', () => {
    const { actor, load, unload, process, simulated, context, refusals } = startModel();
    load();
    process.tell(spawned);
    process.tell(ready);
    unload();
    simulated.increment(limits.stopMs);
    expect(process.log.map(({ type }) => type)).toEqual(['process.stop', 'process.kill']);
    simulated.increment(limits.killMs);
    expect(actor.getSnapshot().value).toBe('error');
    expect(context()).toMatchObject({ desired: 'unloaded', failure: { code: 'NOT_STOPPED' }, retryDelayMs: null });
    expect(context().failure?.message).toContain('Process 7');
    expect(refusals()).toMatchObject([
      { requestId: 'load', refusal: null },
      { requestId: 'unload', refusal: { code: 'UPSTREAM_FAILED' } },
    ]);
  });

  it('is not started again next to a process that would not leave for a reload', () => {
    const { actor, load, process, simulated, context } = startModel();
    load();
    process.tell(ready);
    actor.send({ type: 'model.reload', ...by });
    simulated.increment(limits.stopMs + limits.killMs);
    simulated.increment(1e9);
    expect(actor.getSnapshot().value).toBe('error');
    expect(context()).toMatchObject({ desired: 'unloaded', failure: { code: 'NOT_STOPPED' } });
    expect(process.counts.started).toBe(1);
  });

  it('starts within the limits that came with the load', () => {
    const { actor, load, simulated, process, context } = startModel();
    load({ limits: { ...limits, startMs: 10 } });
    simulated.increment(10);
    expect(actor.getSnapshot().value).toBe('stopping');
    process.tell(exited('KILLED', 11));
    expect(context().failure).toMatchObject({ code: 'START_TIMEOUT', at: 11 });
  });

  it('keeps pid, progress and what the engine says of itself, as long as they are true', () => {
    const { load, process, context } = startModel();
    load();
    process.tell(spawned);
    process.tell(progressed);
    expect(context()).toMatchObject({ pid: 7, progress: 50, stage: 'text_model' });
    process.tell(ready);
    expect(context()).toMatchObject({ pid: 7, progress: null, stage: null, info, loadedAt: 2 });
    process.tell(exited('CRASHED'));
    expect(context()).toMatchObject({ pid: null, info: null, loadedAt: null });
  });

  it('is tried again with growing pauses, counts them, gives up at the end, and begins anew when asked', () => {
    const { actor, load, process, simulated, context } = startModel();
    load();
    const pauses: (number | null)[] = [];
    for (let failed = 0; failed < 6; failed += 1) {
      process.tell(exited('CRASHED', simulated.now()));
      pauses.push(context().retryDelayMs);
      simulated.increment(context().retryDelayMs ?? 0);
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, null]);
    expect(context().restarts).toBe(5);
    simulated.increment(1e9);
    expect(actor.getSnapshot().value).toBe('error');
    load();
    expect(actor.getSnapshot().value).toBe('loading');
    expect(context()).toMatchObject({ failure: null, exits: [] });
  });

  it('tells those who wait the cause, and when to come back', () => {
    const { load, process, refusals } = startModel();
    load();
    process.tell(exited('CRASHED'));
    expect(refusals()).toEqual([
      { requestId: 'load', refusal: { code: 'UPSTREAM_FAILED', message: 'CRASHED', retryAfter: 1 } },
    ]);
  });
});

describe('the router', () => {
  const startRouter = () => {
    const process = scriptedProcess();
    const simulated = clock();
    const machine = routerMachine.provide({ actors: { routerProcess: process.logic as never } });
    const input = { ...common, preset: 'default', supervisor: reportSink<RouterReport>().ref };
    const actor = createActor(machine, { clock: simulated, input }).start();
    actor.send({ type: 'router.start', requestId: null, ...by });
    process.tell(ready);
    return { actor, process, simulated };
  };

  it('is restarted by the signal that was asked for, with the preset that was asked for', () => {
    const { actor, process } = startRouter();
    actor.send({ type: 'router.restart', signal: 'SIGINT', preset: 'other', ...by });
    expect(process.log).toMatchObject([{ type: 'process.stop', mode: 'terminate', signal: 'SIGINT' }]);
    expect(actor.getSnapshot().context.preset).toBe('other');
    process.tell(exited('KILLED'));
    process.tell(ready);
    actor.send({ type: 'router.stop', requestId: null, ...by });
    expect(process.log.at(-1)).toMatchObject({ signal: 'SIGTERM' });
  });

  it('hears a second, harder signal while it is stopping', () => {
    const { actor, process } = startRouter();
    actor.send({ type: 'router.restart', signal: 'SIGTERM', ...by });
    actor.send({ type: 'router.restart', signal: 'SIGKILL', ...by });
    expect(process.log).toMatchObject([{ signal: 'SIGTERM' }, { signal: 'SIGKILL' }]);
    expect(process.counts.started).toBe(1);
    expect(actor.getSnapshot().context.preset).toBe('default');
  });

  it('forgets the failure of a start that is tried again when it is stopped', () => {
    const { actor, process, simulated } = startRouter();
    process.tell(exited('CRASHED'));
    expect(actor.getSnapshot()).toMatchObject({ value: 'error', context: { failure: { code: 'CRASHED' } } });
    simulated.increment(1000);
    actor.send({ type: 'router.stop', requestId: null, ...by });
    process.tell(exited('KILLED'));
    expect(actor.getSnapshot()).toMatchObject({ value: 'unloaded', context: { failure: null, exits: [] } });
  });
});
