/** Words and colours for runs. Pure. */
import type { RunView } from '../../../src/contracts/runs.ts';
import type { LifecycleState } from '../../../src/contracts/views.ts';
import { duration } from '../../format/time.ts';
import { grouped } from '../../format/numbers.ts';

const NBSP = '\u00a0';

export const STATE_WORDS: Readonly<Record<RunView['state'], string>> = {
  queued: 'Waiting',
  running: 'Running',
  completed: 'Done',
  failed: 'Failed',
  timeout: 'Took too long',
  cancelled: 'Cancelled',
};

export const STATE_TONES: Readonly<Record<RunView['state'], LifecycleState>> = {
  queued: 'stopping',
  running: 'loading',
  completed: 'loaded',
  failed: 'error',
  timeout: 'error',
  cancelled: 'unloaded',
};

/** The state, with its place for one that waits. */
export const stateWords = ({ state, position }: RunView): string =>
  position === null ? STATE_WORDS[state] : position === 0 ? 'Next in line' : `${String(position)} before it`;

/** How long it has run, or ran; null for one that never did. */
export const tookOf = ({ startedAt, finishedAt }: RunView, now: number): string | null => {
  if (startedAt === null) return null;
  const span = Math.max(0, (finishedAt ?? now) - startedAt);
  return finishedAt !== null && span < 10_000 ? `${(span / 1000).toFixed(1)}${NBSP}s` : duration(span);
};

/** "$0.0042", "$1.20". */
export const cost = (dollars: number): string => `$${dollars.toFixed(dollars < 0.1 ? 4 : 2)}`;

export const tokensOf = ({ usage }: RunView): string | null =>
  usage === null ? null : `${grouped(usage.totalTokens)}${NBSP}tokens`;

/** `runs` with `run` in its place, or in front when it is new. */
export const withRun = (runs: readonly RunView[], run: RunView): readonly RunView[] =>
  runs.some(({ id }) => id === run.id) ? runs.map((held) => (held.id === run.id ? run : held)) : [run, ...runs];
