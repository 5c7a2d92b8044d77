/** A record of media, and the actor of one in the making, as clients see it. Pure. */
import type { MediaContext, MediaState } from '../../machines/media.machine.ts';
import { kindOf, mediaUrl, thumbnailUrl } from '../contracts/media.ts';
import type { MediaView } from '../contracts/media.ts';
import type { MediaRecord } from '../contracts/media-record.ts';

export interface MediaFacts {
  record: MediaRecord;
  /** The actor's snapshot; null when it has ended, and its record tells everything. */
  live: { value: MediaState; context: MediaContext } | null;
  position: number | null;
}

const STAGES = { wanted: 'queued', complete: 'complete', failed: 'failed', cancelled: 'cancelled' } as const;

const movement = ({ record, live, position }: MediaFacts) => {
  const { state } = record;
  if (live === null || state !== 'wanted')
    return {
      state: state === 'wanted' ? ('queued' as const) : state,
      progress: record.progress,
      stage: STAGES[state],
      message: null,
      position,
    };
  const { progress, stage, message } = live.context;
  // Ended inside, but what became of it is not on disk yet: nobody is told of an end that a crash could take back.
  const ended = live.value === 'complete' || live.value === 'failed' || live.value === 'cancelled';
  return {
    state: ended ? ('finishing' as const) : live.value,
    progress: ended ? Math.min(progress, 99) : progress,
    stage: live.value === 'stopping' ? 'stopping' : ended ? 'finishing' : stage,
    message,
    position: live.value === 'queued' ? position : null,
  };
};

export const mediaView = (facts: MediaFacts): MediaView => {
  const { record, live } = facts;
  const { id, mime } = record;
  const complete = record.state === 'complete';
  return {
    id,
    owner: record.owner,
    source: record.source,
    tool: record.tool,
    prompt: record.prompt,
    input: record.input,
    params: record.params,
    label: record.label,
    ...movement(facts),
    url: complete ? mediaUrl(id) : null,
    thumbnailUrl: complete && record.thumbnail ? thumbnailUrl(id) : null,
    kind: mime === null ? null : kindOf(mime),
    mime,
    bytes: record.bytes,
    width: record.width,
    height: record.height,
    seconds: record.seconds,
    error: record.error,
    errorCode: record.errorCode,
    lastLines: record.lastLines,
    createdAt: record.createdAt,
    startedAt: live?.context.startedAt ?? record.startedAt,
    finishedAt: record.finishedAt,
    removedAt: record.removedAt,
  };
};
