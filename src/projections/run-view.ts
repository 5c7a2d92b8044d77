/** A run's record and what is known of its process, as clients see it. Pure. */
import type { RunRecord } from '../contracts/run-record.ts';
import type { RunView } from '../contracts/runs.ts';

/** What a record does not say. */
export interface RunMoment {
  position: number | null;
  activity: string | null;
  pid: number | null;
}

export const runView = (record: RunRecord, moment: RunMoment): RunView => {
  const { owner: _owner, systemPrompt: _systemPrompt, maxTokens: _maxTokens, ...shown } = record;
  return {
    ...shown,
    position: record.state === 'queued' ? moment.position : null,
    activity: record.state === 'running' ? moment.activity : null,
    pid: record.state === 'running' ? moment.pid : null,
  };
};
