/** `activity:*`, `requests:*` and `timeline:*`: what was asked, what is being answered, and when which model was in memory. */
import { z } from 'zod';
import type { ActivitySummaryView, ActivityView, CaptureView, RequestView, TimelineView } from '../activity.ts';
import { empty, name, returns } from './define.ts';

const id = z.string().min(1).max(64);
const hours = z.number().positive().max(168).default(24);

export const activityCommands = {
  'activity:list': returns<{ requests: ActivityView[]; more: boolean }>()(
    'observe',
    z.object({
      limit: z.int().min(1).max(1000).default(100),
      before: id.optional(),
      model: name.optional(),
      status: z.union([z.enum(['ok', 'error', 'cancelled']), z.int().min(100).max(599)]).optional(),
      key: z.string().min(1).max(256).optional(),
    }),
    'Finished requests, newest first; `before` goes on after the one with that id.',
  ),
  'activity:summary': returns<{ summary: ActivitySummaryView }>()(
    'observe',
    z.object({ hours, model: name.optional() }),
    'Counts, tokens, speeds and percentiles of the finished requests, in all and by model.',
  ),
  'activity:capture': returns<{ capture: CaptureView }>()(
    'admin',
    z.object({ id }),
    'The captured bodies of a request; `captureBodies` must have been on when it ran.',
  ),
  'activity:subscribe': returns<{ subscribed: true }>()(
    'observe',
    empty,
    'Sends activity:added to this socket, four times a second at most.',
    { socketOnly: true },
  ),
  'activity:unsubscribe': returns<{ subscribed: false }>()('observe', empty, 'Ends activity:added for this socket.', {
    socketOnly: true,
  }),
  'requests:list': returns<{ requests: RequestView[]; total: number }>()(
    'observe',
    empty,
    'Requests that run or wait now, oldest first; the first thousand of `total`.',
  ),
  'requests:cancel': returns<{ cancelled: string }>()(
    'operate',
    z.object({ id }),
    'Ends a running or waiting request; its client is told so in band.',
  ),
  'timeline:get': returns<{ timeline: TimelineView }>()(
    'observe',
    z.object({ hours }),
    'When each model was loading, loaded, stopping or failed, with who and why.',
  ),
} as const;
