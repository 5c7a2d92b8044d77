/** Where a notification leads to, by what it is about; null when nothing more is to be seen of it. Pure. */
import { pageAt } from '../pages/list.ts';

export const linkOf = (data: Readonly<Record<string, unknown>> | undefined): string | null => {
  const { modelId, downloadId, runId } = data ?? {};
  if (typeof modelId === 'string') return `/models?model=${encodeURIComponent(modelId)}`;
  if (typeof downloadId === 'string') return '/models';
  // A server may have told of a run to a page that knows nothing of runs.
  if (typeof runId === 'string' && pageAt('/runs') !== undefined) return `/runs/${encodeURIComponent(runId)}`;
  return null;
};
