/** What processes report, in the shapes that the tests need. */
import { verdict } from '../../../machines/process.ts';
import type { FailureCode, ProcessFact, ProcessLimits } from '../../../machines/process.ts';

export const limits: ProcessLimits = { startMs: 60_000, stopMs: 5000, killMs: 2000 };
export const info = { contextSize: 4096, slots: 4, memory: null };

export const spawned: ProcessFact = { type: 'process.spawned', pid: 7, at: 1 };
export const progressed: ProcessFact = { type: 'process.progressed', percent: 50, stage: 'text_model' };
export const ready: ProcessFact = { type: 'process.ready', at: 2, info };
export const stalled: ProcessFact = { type: 'process.stalled', at: 3, failure: verdict('STALLED', 'stalled') };

export const exited = (code: FailureCode, at = 1): ProcessFact => ({
  type: 'process.exited',
  at,
  failure: { ...verdict(code, code), at },
});
