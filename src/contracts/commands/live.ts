/** `live:*`: a snapshot, then increments. */
import type { SnapshotView } from '../views.ts';
import { empty, returns } from './define.ts';

export const liveCommands = {
  'live:subscribe': returns<SnapshotView>()(
    'observe',
    empty,
    'A full snapshot, then live:change increments without a gap.',
    { socketOnly: true },
  ),
  'live:unsubscribe': returns<{ subscribed: false }>()('observe', empty, 'Ends live:change for this socket.', {
    socketOnly: true,
  }),
} as const;
