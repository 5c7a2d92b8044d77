/** What an answer cost, in one line. Pure. */
import { plural } from '../../format/numbers.ts';
import type { AnswerStats } from './types.ts';

const NBSP = '\u00a0';
/** `840` → `840 ms`, `1 240` → `1.2 s`. */
const span = (ms: number): string =>
  ms < 1000 ? `${String(Math.round(ms))}${NBSP}ms` : `${(ms / 1000).toFixed(1)}${NBSP}s`;

export const statsText = (stats: AnswerStats): string =>
  [
    stats.tokensPerSecond === null
      ? null
      : `${stats.tokensPerSecond >= 100 ? String(Math.round(stats.tokensPerSecond)) : stats.tokensPerSecond.toFixed(1)}${NBSP}tokens/s`,
    stats.tokens === null ? null : plural(stats.tokens, 'token'),
    stats.firstTokenMs === null ? null : `first after ${span(stats.firstTokenMs)}`,
    span(stats.totalMs),
  ]
    .filter((part) => part !== null)
    .join(' · ');
