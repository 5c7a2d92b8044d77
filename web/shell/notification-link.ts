/** Where a notification leads to, by what it is about, and what to call that; null when nothing more is to be seen. Pure. */
import { pageAt } from '../pages/list.ts';

export interface NotificationLink {
  label: string;
  href: string;
}

export const linkOf = (data: Readonly<Record<string, unknown>> | undefined): NotificationLink | null => {
  const { modelId, downloadId, runId, sessionId } = data ?? {};
  if (typeof modelId === 'string') {
    const id = encodeURIComponent(modelId);
    // What has just come is there to be tried.
    if (typeof downloadId === 'string') return { label: 'Chat with it', href: `/chat?model=${id}` };
    return { label: 'Show', href: `/models?model=${id}` };
  }
  if (typeof downloadId === 'string') return { label: 'Show', href: '/models' };
  // A server may have told of a run to a page that knows nothing of runs.
  if (typeof runId === 'string' && pageAt('/runs') !== undefined)
    return { label: 'Show', href: `/runs/${encodeURIComponent(runId)}` };
  if (typeof sessionId === 'string') return { label: 'Show', href: `/sessions/${encodeURIComponent(sessionId)}` };
  return null;
};
