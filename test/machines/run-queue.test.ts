import fc from 'fast-check';
import { createActor } from 'xstate';
import { describe, expect, it } from 'vitest';
import { runMachine } from '../../machines/run.machine.ts';
import type { RunFact, RunProcessCommand } from '../../machines/run.machine.ts';
import { runQueueMachine } from '../../machines/run-queue.machine.ts';
import type { RunQueueEmitted, RunQueueLimits } from '../../machines/run-queue.machine.ts';
import { clock, scriptedPorts } from './support/live.ts';

const RUN = { timeoutMs: 1000, stopMs: 100, killMs: 100 };
const LIMITS: RunQueueLimits = { running: 2, waiting: 3, waitMs: 5000 };

const open = (limits: RunQueueLimits = LIMITS) => {
  const simulated = clock();
  const processes = scriptedPorts<RunProcessCommand, RunFact>();
  const queue = createActor(
    runQueueMachine.provide({
      actors: { run: runMachine.provide({ actors: { runProcess: processes.logic } }) },
    }),
    { clock: simulated, input: limits },
  );
  const emitted: RunQueueEmitted[] = [];
  queue.on('*', (event) => emitted.push(event));
  queue.start();
  const of = (id: string): string[] =>
    emitted.flatMap((event) =>
      event.id !== id
        ? []
        : event.type === 'run.moved'
          ? [`at ${event.position}`]
          : event.type === 'run.settled'
            ? [`${event.outcome} in ${event.where}`]
            : [event.type],
    );
  return {
    queue,
    simulated,
    processes,
    emitted,
    of,
    submit: (...ids: string[]) => ids.forEach((id) => queue.send({ type: 'run.submit', id, limits: RUN })),
    cancel: (id: string) => queue.send({ type: 'run.cancel', id, by: 'user' }),
    exit: (id: string, exitCode = 0) =>
      processes.of(id).tell({ type: 'process.exited', exitCode, signal: null, problem: null, at: 0 }),
    running: () => Object.keys(queue.getSnapshot().context.running),
    waiting: () => queue.getSnapshot().context.waiting.map(({ id }) => id),
  };
};

describe('the queue of runs', () => {
  it('starts as many as may run, tells the others their places, and moves them up', () => {
    const q = open();
    q.submit('a', 'b', 'c', 'd');
    expect(q.running()).toEqual(['a', 'b']);
    expect(q.of('a')).toEqual(['run.started']);
    expect(q.of('c')).toEqual(['at 0']);
    expect(q.of('d')).toEqual(['at 1']);
    q.exit('b');
    expect(q.of('b')).toEqual(['run.started', 'completed in process']);
    expect(q.of('c')).toEqual(['at 0', 'run.started']);
    expect(q.of('d')).toEqual(['at 1', 'at 0']);
  });

  it('refuses beyond its bound and changes nothing', () => {
    const q = open();
    q.submit('a', 'b', 'c', 'd', 'e', 'f');
    expect(q.of('f')).toEqual(['run.refused']);
    expect(q.waiting()).toEqual(['c', 'd', 'e']);
  });

  it('lets one that waits be cancelled, and those behind it move up', () => {
    const q = open();
    q.submit('a', 'b', 'c', 'd', 'e');
    q.cancel('d');
    expect(q.of('d')).toEqual(['at 1', 'cancelled in queue']);
    expect(q.of('c')).toEqual(['at 0']);
    expect(q.of('e')).toEqual(['at 2', 'at 1']);
  });

  it('gives up on one that waits too long, and never on one that has started', () => {
    const q = open({ ...LIMITS, waitMs: 500 });
    q.submit('a', 'b', 'c', 'd');
    q.simulated.increment(499);
    q.exit('a');
    q.simulated.increment(1);
    expect(q.of('c')).toEqual(['at 0', 'run.started']);
    expect(q.of('d')).toEqual(['at 1', 'at 0', 'timeout in queue']);
    q.simulated.increment(400);
    expect(q.running().sort()).toEqual(['b', 'c']);
  });

  it('closes in order: what waits is refused, what runs is ended, and then it is done', () => {
    const q = open();
    q.submit('a', 'b', 'c');
    q.queue.send({ type: 'queue.stop' });
    expect(q.of('c')).toEqual(['at 0', 'failed in queue']);
    q.submit('late');
    expect(q.of('late')).toEqual(['run.refused']);
    q.exit('a');
    q.exit('b', 143);
    expect(q.of('a').at(-1)).toBe('failed in process');
    expect(q.queue.getSnapshot().status).toBe('done');
  });

  it('gives every run exactly one end, never runs more than it may, and starts in order, whatever happens', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.constant({ kind: 'submit' as const, pick: 0 }) },
      { weight: 4, arbitrary: fc.nat(20).map((pick) => ({ kind: 'exit' as const, pick })) },
      { weight: 2, arbitrary: fc.nat(20).map((pick) => ({ kind: 'cancel' as const, pick })) },
      { weight: 1, arbitrary: fc.nat(700).map((pick) => ({ kind: 'wait' as const, pick })) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }).map((pick) => ({ kind: 'limit' as const, pick })) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const q = open();
        const ids: string[] = [];
        let most = LIMITS.running;
        for (const { kind, pick } of steps) {
          if (kind === 'submit') {
            ids.push(`r${ids.length}`);
            q.submit(ids.at(-1) as string);
          } else if (kind === 'wait') q.simulated.increment(pick);
          else if (kind === 'limit') {
            q.queue.send({ type: 'limits.changed', limits: { ...LIMITS, running: pick } });
            most = Math.max(most, pick);
          } else if (ids.length > 0) {
            const id = ids[pick % ids.length] as string;
            if (kind === 'exit') q.exit(id);
            else q.cancel(id);
          }
          expect(q.running().length).toBeLessThanOrEqual(most);
        }
        q.queue.send({ type: 'queue.stop' });
        q.simulated.increment(10_000);
        expect(q.queue.getSnapshot().status).toBe('done');
        for (const id of ids) {
          const ends = q.emitted.filter(
            (event) => event.id === id && (event.type === 'run.settled' || event.type === 'run.refused'),
          );
          expect(ends, id).toHaveLength(1);
        }
        const started = q.emitted.flatMap((event) => (event.type === 'run.started' ? [Number(event.id.slice(1))] : []));
        expect(started).toEqual(started.toSorted((a, b) => a - b));
        for (const id of q.processes.ids()) expect(q.processes.of(id).counts.alive).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
