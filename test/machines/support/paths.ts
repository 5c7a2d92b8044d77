/** One test per transition of a machine, each replaying on a live actor the path that ends with it. */
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import type { AnyStateMachine, EventObject } from 'xstate';
import type { ProcessLimits, Settlement } from '../../../machines/process.ts';
import type { Exploration, Step } from './explore.ts';
import { clock } from './live.ts';
import type { Script } from './live.ts';

/** @param replay replays a path and checks what must hold at its end */
export const testEveryTransition = <P extends Exploration['paths'][number]>(
  name: string,
  explored: { paths: P[]; defined: Set<string> },
  replay: (steps: readonly Step[], path: P) => void | Promise<void>,
): void => {
  describe(`every transition of the ${name} machine`, () => {
    it('is reachable', () => {
      const reached = new Set(explored.paths.map(({ transition }) => transition));
      expect([...explored.defined].filter((transition) => !reached.has(transition))).toEqual([]);
      console.log(`${name}: ${explored.paths.length} transitions, each replayed on a live actor`);
    });

    it.each(explored.paths.map((path) => [path.transition, path] as const))('%s', async (_, path) => {
      await replay(path.steps, path);
    });
  });
};

interface ProcessMachineSnapshot {
  value: string;
  context: { waiters: { requestId: string }[]; retryDelayMs: number | null; limits: ProcessLimits };
}

export interface LiveProcessMachine {
  machine: AnyStateMachine;
  input: object;
  process: Script;
  reports: readonly ({ type: string; state?: string } | { type: 'requests.settled'; settlements: Settlement[] })[];
}

/** Delays are not sent by hand: the clock is moved to where they are due. */
const delayOf = (type: string, { context }: ProcessMachineSnapshot): number => {
  if (type.includes('startTimeout')) return context.limits.startMs;
  if (type.includes('stopTimeout')) return context.limits.stopMs;
  if (type.includes('killTimeout')) return context.limits.stopMs + context.limits.killMs;
  return context.retryDelayMs ?? 0;
};

/** The model and the router drive one process each by the same five states, so the same must hold of both. */
export const replayOnProcessMachine = (steps: readonly Step[], live: LiveProcessMachine): void => {
  const { machine, input, process, reports } = live;
  const simulated = clock();
  const actor = createActor(machine, { clock: simulated, input });
  const now = () => actor.getSnapshot() as unknown as ProcessMachineSnapshot;
  const asked: string[] = [];
  actor.start();
  for (const { event, state } of steps) {
    if (event.type.startsWith('xstate.after.')) simulated.increment(delayOf(event.type, now()));
    else actor.send(numbered(event, asked));
    expect(now().value, `after ${event.type}`).toBe(state);
    expect(process.counts.alive).toBe(['loading', 'loaded', 'stopping'].includes(state) ? 1 : 0);
  }
  expect(process.counts.most).toBeLessThanOrEqual(1);

  const settled = reports.flatMap((report) => ('settlements' in report ? report.settlements : []));
  const answered = settled.map(({ requestId }) => requestId);
  const waiting = now().context.waiters.map(({ requestId }) => requestId);
  expect([...answered, ...waiting].toSorted()).toEqual(asked.toSorted());

  const reported = reports.flatMap((report) => ('state' in report ? [report.state] : []));
  if (reported.length > 0) expect(reported.at(-1)).toBe(now().value);
  actor.stop();
  expect(process.counts.alive).toBe(0);
};

/** A path may send one event twice; the requests in it are still two. */
const numbered = (event: EventObject, asked: string[]): EventObject => {
  if (!('requestId' in event) || typeof event.requestId !== 'string') return event;
  const requestId = `${event.requestId}-${asked.length}`;
  asked.push(requestId);
  return { ...event, requestId } as EventObject;
};
