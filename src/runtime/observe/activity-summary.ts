/** What many finished requests come to. Pure. */
import type {
  ActivitySummaryView,
  ActivityTotalsView,
  ActivityView,
  PercentilesView,
} from '../../contracts/activity.ts';

/** The nearest-rank percentile: the smallest value that at least `share` of all do not exceed. Null of nothing. */
const percentile = (sorted: Float64Array, share: number): number | null =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;

const sortedOf = (rows: readonly ActivityView[], of: (row: ActivityView) => number | null): Float64Array =>
  Float64Array.from(rows.flatMap((row) => of(row) ?? [])).sort();

const percentiles = (rows: readonly ActivityView[], of: (row: ActivityView) => number | null): PercentilesView => {
  const sorted = sortedOf(rows, of);
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99) };
};

const totals = (rows: readonly ActivityView[]): ActivityTotalsView => {
  const sum = (of: (row: ActivityView) => number | null): number =>
    rows.reduce((total, row) => total + (of(row) ?? 0), 0);
  return {
    count: rows.length,
    errors: rows.filter(({ errorCode }) => errorCode !== null).length,
    cancelled: rows.filter(({ cancelled }) => cancelled).length,
    promptTokens: sum(({ promptTokens }) => promptTokens),
    cachedTokens: sum(({ cachedTokens }) => cachedTokens),
    completionTokens: sum(({ completionTokens }) => completionTokens),
    tokensPerSecond: percentile(
      sortedOf(rows, ({ tokensPerSecond }) => tokensPerSecond),
      0.5,
    ),
    queuedMs: percentiles(rows, ({ queuedMs }) => queuedMs),
    firstByteMs: percentiles(rows, ({ streamed, firstByteMs }) => (streamed ? firstByteMs : null)),
    durationMs: percentiles(rows, ({ durationMs }) => durationMs),
  };
};

/** @param rows the requests of that time; `complete` says whether they are all there were */
export const summaryOf = (
  rows: readonly ActivityView[],
  span: { from: number; to: number; complete: boolean },
): ActivitySummaryView => {
  const byModel = new Map<string | null, ActivityView[]>();
  for (const row of rows) {
    const own = byModel.get(row.modelId);
    if (own) own.push(row);
    else byModel.set(row.modelId, [row]);
  }
  const models = [...byModel].map(([modelId, own]) => ({ modelId, ...totals(own) }));
  return { ...span, ...totals(rows), models: models.sort((a, b) => b.count - a.count) };
};
