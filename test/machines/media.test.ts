import { createActor, fromPromise } from 'xstate';
import { describe, expect, it, vi } from 'vitest';
import { mediaMachine } from '../../machines/media.machine.ts';
import type { MediaContext, MediaResult, ToolProgress } from '../../machines/media.machine.ts';
import type { RunFact, RunProcessCommand } from '../../machines/run.machine.ts';
import { clock, scriptedPorts } from './support/live.ts';

const LIMITS = { timeoutMs: 600_000, stopMs: 5000, killMs: 2000 };
const RESULT: MediaResult = {
  mime: 'image/png',
  bytes: 10,
  extension: 'png',
  thumbnail: true,
  width: 1,
  height: 1,
  seconds: null,
};
const exit = (exitCode: number | null, signal: string | null = null, problem: string | null = null): RunFact => ({
  type: 'process.exited',
  exitCode,
  signal,
  problem,
  at: 0,
});
const progress = (percent: number | null, stage: string | null = null): ToolProgress => ({
  type: 'tool.progressed',
  percent,
  stage,
  message: null,
});

const make = (takeOutput: () => Promise<MediaResult> = () => Promise.resolve(RESULT)) => {
  const simulated = clock();
  const processes = scriptedPorts<RunProcessCommand, RunFact>();
  const process = processes.of('m');
  const machine = mediaMachine.provide({
    actors: { runProcess: processes.logic, takeOutput: fromPromise(takeOutput) },
  });
  const actor = createActor(machine, { clock: simulated, input: { id: 'm', limits: LIMITS } }).start();
  return {
    actor,
    process,
    simulated,
    told: (): string[] => process.log.map(({ type }) => type),
    state: () => actor.getSnapshot().value,
    context: (): MediaContext => actor.getSnapshot().context,
  };
};
const started = (...args: Parameters<typeof make>) => {
  const media = make(...args);
  media.actor.send({ type: 'media.start', at: 5 });
  return media;
};

describe('media in the making', () => {
  it('waits, runs, is taken over and is complete', async () => {
    const { actor, process, state, context } = make();
    expect(state()).toBe('queued');
    expect(process.counts.started).toBe(0);
    actor.send({ type: 'media.start', at: 5 });
    expect(state()).toBe('running');
    expect(process.counts.alive).toBe(1);
    process.tell(exit(0));
    expect(state()).toBe('finishing');
    expect(process.counts.alive).toBe(0);
    await vi.waitFor(() => expect(state()).toBe('complete'));
    expect(context()).toMatchObject({ progress: 100, result: RESULT, failure: null, startedAt: 5 });
  });

  it('has a progress that never falls, and is no more than 99 before the file is there', () => {
    const { actor, context } = started();
    const seen = [10, 40, 5, null, 70, 100, 300, 20].map((percent) => {
      actor.send(progress(percent));
      return context().progress;
    });
    expect(seen).toEqual([10, 40, 40, 40, 70, 99, 99, 99]);
  });

  it('keeps its stage until the tool names another', () => {
    const { actor, context } = started();
    expect(context().stage).toBe('starting');
    actor.send(progress(1, 'sampling'));
    actor.send(progress(2));
    expect(context().stage).toBe('sampling');
  });

  it.each([
    [exit(3), 'TOOL_FAILED', /exit code 3/],
    [exit(null, 'SIGSEGV'), 'TOOL_FAILED', /SIGSEGV/],
    [exit(null, null, 'There is no sd.'), 'NOT_STARTED', /There is no sd/],
  ])('whose process ends with %j has failed: %s', (fact, code, message) => {
    const { process, state, context } = started();
    process.tell(fact);
    expect(state()).toBe('failed');
    expect(context().failure).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  it.each([
    [Object.assign(new Error('No file.'), { name: 'NoOutput' }), 'NO_OUTPUT'],
    [new Error('disk'), 'UNEXPECTED'],
  ])('whose output cannot be taken has failed: %s', async (error, code) => {
    const { process, state, context } = started(() => Promise.reject(error));
    process.tell(exit(0));
    await vi.waitFor(() => expect(state()).toBe('failed'));
    expect(context().failure?.code).toBe(code);
  });

  it('that is cancelled while it waits never starts', () => {
    const { actor, process, state } = make();
    actor.send({ type: 'media.cancel', by: 'user', at: 1 });
    expect(state()).toBe('cancelled');
    expect(process.counts.started).toBe(0);
  });

  it('that is cancelled while it runs is told to end, is killed at the deadline, and is cancelled whatever its exit says', () => {
    const { actor, process, simulated, told, state } = started();
    actor.send({ type: 'media.cancel', by: 'user', at: 1 });
    expect(state()).toBe('stopping');
    expect(told()).toEqual(['process.terminate']);
    actor.send({ type: 'media.cancel', by: 'user', at: 2 });
    simulated.increment(LIMITS.stopMs);
    expect(told()).toEqual(['process.terminate', 'process.kill']);
    process.tell(exit(0));
    expect(state()).toBe('cancelled');
  });

  it('that is cancelled while its file is taken over is cancelled', () => {
    const { actor, process, state } = started(() => new Promise(() => undefined));
    process.tell(exit(0));
    actor.send({ type: 'media.cancel', by: 'user', at: 1 });
    expect(state()).toBe('cancelled');
  });

  it('that takes too long has failed with TIMEOUT', () => {
    const { process, simulated, state, context } = started();
    simulated.increment(LIMITS.timeoutMs);
    expect(state()).toBe('stopping');
    process.tell(exit(0));
    expect(state()).toBe('failed');
    expect(context().failure).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('600 s') as string });
  });

  it.each(['queued', 'running', 'finishing'] as const)(
    'that is interrupted while %s has failed with INTERRUPTED',
    (at) => {
      const { actor, process, state, context } = at === 'queued' ? make() : started(() => new Promise(() => undefined));
      if (at === 'finishing') process.tell(exit(0));
      expect(state()).toBe(at);
      actor.send({ type: 'media.interrupt', at: 1 });
      process.tell(exit(null, 'SIGTERM'));
      expect(state()).toBe('failed');
      expect(context().failure?.code).toBe('INTERRUPTED');
    },
  );

  it('whose process never leaves ends all the same', () => {
    const { actor, simulated, state, context } = started();
    actor.send({ type: 'media.cancel', by: 'user', at: 1 });
    simulated.increment(LIMITS.stopMs + LIMITS.killMs);
    expect(state()).toBe('failed');
    expect(context().failure?.message).toContain('did not leave');
  });
});
