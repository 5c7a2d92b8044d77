import { createActor } from 'xstate';
import { describe, expect, it } from 'vitest';
import { runMachine } from '../../machines/run.machine.ts';
import type { RunFact, RunProcessCommand, RunResult } from '../../machines/run.machine.ts';
import { clock, scriptedPorts } from './support/live.ts';

const LIMITS = { timeoutMs: 300_000, stopMs: 5000, killMs: 2000 };
const exit = (exitCode: number | null, signal: string | null = null, problem: string | null = null): RunFact => ({
  type: 'process.exited',
  exitCode,
  signal,
  problem,
  at: 0,
});

const start = () => {
  const simulated = clock();
  const processes = scriptedPorts<RunProcessCommand, RunFact>();
  const process = processes.of('r');
  const actor = createActor(runMachine.provide({ actors: { runProcess: processes.logic } }), {
    clock: simulated,
    input: { id: 'r', limits: LIMITS },
  }).start();
  const told = (): string[] => process.log.map(({ type }) => type);
  return { actor, process, simulated, told, output: (): RunResult | undefined => actor.getSnapshot().output };
};

describe('a run', () => {
  it.each([
    [exit(0), 'completed', null],
    [exit(3), 'failed', /exit code 3/],
    [exit(null, 'SIGSEGV'), 'failed', /SIGSEGV/],
    [exit(null, null, 'There is no command "claude".'), 'failed', /no command/],
  ])('that ends with %j is %s', (fact, outcome, reason) => {
    const { actor, process, output, told } = start();
    process.tell(fact);
    expect(actor.getSnapshot().status).toBe('done');
    expect(output()).toMatchObject({ outcome });
    if (reason === null) expect(output()?.reason).toBeNull();
    else expect(output()?.reason).toMatch(reason);
    expect(told()).toEqual([]);
    expect(process.counts.alive).toBe(0);
  });

  it('that is cancelled is told to end, killed at the deadline, and cancelled whatever its exit says', () => {
    const { actor, process, simulated, told, output } = start();
    actor.send({ type: 'run.cancel', by: 'user' });
    expect(told()).toEqual(['process.terminate']);
    simulated.increment(4999);
    expect(told()).toEqual(['process.terminate']);
    simulated.increment(1);
    expect(told()).toEqual(['process.terminate', 'process.kill']);
    process.tell(exit(0));
    expect(output()).toMatchObject({ outcome: 'cancelled', exitCode: 0 });
  });

  it('that is cancelled twice is told once', () => {
    const { actor, told } = start();
    actor.send({ type: 'run.cancel', by: 'user' });
    actor.send({ type: 'run.cancel', by: 'user' });
    actor.send({ type: 'run.interrupt' });
    expect(told()).toEqual(['process.terminate']);
  });

  it('that takes too long ends as a timeout', () => {
    const { process, simulated, told, output } = start();
    simulated.increment(LIMITS.timeoutMs);
    expect(told()).toEqual(['process.terminate']);
    process.tell(exit(143));
    expect(output()).toMatchObject({ outcome: 'timeout', reason: expect.stringContaining('300 s') as string });
  });

  it('that is interrupted by a stop of the server has failed', () => {
    const { actor, process, output } = start();
    actor.send({ type: 'run.interrupt' });
    process.tell(exit(null, 'SIGTERM'));
    expect(output()).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('restart') as string });
  });

  it('whose process never leaves ends all the same', () => {
    const { actor, simulated, output } = start();
    actor.send({ type: 'run.cancel', by: 'user' });
    simulated.increment(LIMITS.stopMs + LIMITS.killMs);
    expect(output()).toMatchObject({
      outcome: 'cancelled',
      reason: expect.stringContaining('did not leave') as string,
    });
  });
});
