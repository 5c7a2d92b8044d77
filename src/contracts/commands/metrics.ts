/** `metrics:*`: samples of the machine and of every process. */
import { z } from 'zod';
import type { MetricsView } from '../views.ts';
import { empty, returns } from './define.ts';

export const metricsCommands = {
  'metrics:get': returns<{ metrics: MetricsView }>()('observe', empty, 'The newest sample.'),
  'metrics:history': returns<{ history: MetricsView[] }>()(
    'observe',
    z.object({ limit: z.int().min(1).max(10_000).default(100), hours: z.number().positive().max(24).default(24) }),
    'Samples, newest first.',
  ),
  'metrics:text': returns<{ text: string }>()(
    'observe',
    empty,
    'The control plane’s own metrics in the Prometheus text format; the same as GET /metrics.',
  ),
  'metrics:subscribe': returns<{ interval: number }>()(
    'observe',
    z.object({ interval: z.int().min(1000).max(60_000).default(2000) }),
    'Sends metrics:update to this socket at this interval.',
    { socketOnly: true },
  ),
  'metrics:unsubscribe': returns<{ interval: null }>()('observe', empty, 'Back to the common interval.', {
    socketOnly: true,
  }),
} as const;
