/** `logs:*`. */
import { z } from 'zod';
import { LogStreamFilter } from '../log-stream.ts';
import { LOG_LEVELS } from '../views.ts';
import type { LogEntryView } from '../views.ts';
import { empty, returns } from './define.ts';

export const logsCommands = {
  'logs:get': returns<{ logs: LogEntryView[] }>()(
    'observe',
    z.object({
      limit: z.int().min(1).max(1000).default(100),
      offset: z.int().min(0).max(1_000_000).default(0),
      level: z.enum(LOG_LEVELS).optional(),
      source: z.string().max(512).optional(),
    }),
    'Log entries, newest first.',
  ),
  'logs:subscribe': returns<{ logs: LogEntryView[] }>()(
    'observe',
    LogStreamFilter.extend({ history: z.int().min(0).max(1000).default(0) }),
    'The newest entries that pass, newest first, then log_update for each that follows, without a gap.',
    { socketOnly: true },
  ),
  'logs:unsubscribe': returns<{ subscribed: false }>()('observe', empty, 'Ends log_update for this socket.', {
    socketOnly: true,
  }),
  'logs:clear': returns<{ cleared: number }>()('operate', empty, 'Empties the log kept in memory; files stay.'),
} as const;
