import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideRestart, defaultRestartPolicy, isPermanent } from '../../machines/restart-policy.ts';
import type { RestartPolicy } from '../../machines/restart-policy.ts';
import type { FailureCode } from '../../machines/process.ts';
import { holds } from './support/holds.ts';

const passing: FailureCode[] = ['CRASHED', 'KILLED', 'STALLED', 'START_TIMEOUT', 'OUT_OF_MEMORY', 'PORT_IN_USE'];
const permanent: FailureCode[] = [
  'BAD_ARGUMENT',
  'CORRUPT_FILE',
  'FILE_MISSING',
  'UNSUPPORTED_ARCHITECTURE',
  'MISSING_LIBRARY',
  'ENGINE_MISSING',
  'SPAWN_FAILED',
  'DOES_NOT_FIT',
  'NOT_STOPPED',
];

const anyPolicy: fc.Arbitrary<RestartPolicy> = fc.record({
  budget: fc.integer({ min: 0, max: 12 }),
  windowMs: fc.integer({ min: 1, max: 600_000 }),
  firstDelayMs: fc.integer({ min: 1, max: 5000 }),
  maxDelayMs: fc.integer({ min: 5000, max: 60_000 }),
});
const anyTimes = fc
  .array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 30 })
  .map((times) => times.toSorted((a, b) => a - b));

/** Every exit decided in turn, each given what the one before returned. */
const decideAll = (policy: RestartPolicy, times: readonly number[], code: FailureCode) => {
  let exits: number[] = [];
  return times.map((at) => {
    const decision = decideRestart(policy, exits, at, code);
    exits = decision.exits;
    return decision;
  });
};

describe('restart policy', () => {
  it('waits 1, 2, 4, 8 and 16 s after exits in a row, then gives up', () => {
    const decisions = decideAll(defaultRestartPolicy, [0, 1, 2, 3, 4, 5], 'CRASHED');
    expect(decisions.map((decision) => (decision.kind === 'retry' ? decision.delayMs : decision.kind))).toEqual([
      1000,
      2000,
      4000,
      8000,
      16_000,
      'give-up',
    ]);
  });

  it('starts afresh once earlier exits have left the window', () => {
    const { windowMs } = defaultRestartPolicy;
    const full = [0, 0, 0, 0, 0];
    expect(decideRestart(defaultRestartPolicy, full, windowMs - 1, 'CRASHED').kind).toBe('give-up');
    expect(decideRestart(defaultRestartPolicy, full, windowMs, 'CRASHED')).toEqual({
      kind: 'retry',
      delayMs: 1000,
      exits: [windowMs],
    });
  });

  it.each(permanent)('gives up at once on %s', (code) => {
    expect(isPermanent(code)).toBe(true);
    expect(decideRestart(defaultRestartPolicy, [], 5, code)).toEqual({ kind: 'give-up', exits: [5] });
  });

  it.each(passing)('tries again after %s', (code) => {
    expect(isPermanent(code)).toBe(false);
    expect(decideRestart(defaultRestartPolicy, [], 5, code).kind).toBe('retry');
  });

  it('doubles the pause from the first to the longest, for any policy', () => {
    holds(
      fc.property(anyPolicy, anyTimes, fc.constantFrom(...passing), (policy, times, code) => {
        for (const decision of decideAll(policy, times, code)) {
          if (decision.kind === 'give-up') continue;
          const doubled = policy.firstDelayMs * 2 ** (decision.exits.length - 1);
          expect(decision.delayMs).toBe(Math.min(doubled, policy.maxDelayMs));
        }
      }),
    );
  });

  it('never allows more restarts within one window than the budget', () => {
    holds(
      fc.property(anyPolicy, anyTimes, (policy, times) => {
        const decisions = decideAll(policy, times, 'CRASHED');
        const retried = times.filter((_, index) => decisions[index]?.kind === 'retry');
        for (const end of retried) {
          const inWindow = retried.filter((time) => time <= end && end - time < policy.windowMs);
          expect(inWindow.length).toBeLessThanOrEqual(policy.budget);
        }
      }),
    );
  });

  it('gives up only when the budget within the window is spent, and keeps exactly the exits of the window', () => {
    holds(
      fc.property(anyPolicy, anyTimes, (policy, times) => {
        decideAll(policy, times, 'CRASHED').forEach((decision, index) => {
          const at = times[index] ?? 0;
          expect(decision.exits).toEqual(times.slice(0, index + 1).filter((time) => at - time < policy.windowMs));
          expect(decision.kind).toBe(decision.exits.length > policy.budget ? 'give-up' : 'retry');
        });
      }),
    );
  });

  it('leaves what it was given untouched', () => {
    const exits = Object.freeze([1, 2]) as number[];
    expect(decideRestart(defaultRestartPolicy, exits, 3, 'CRASHED').exits).toEqual([1, 2, 3]);
  });
});
