/** What a socket's state recovery keeps of its part in channels and of its place in the log: a recovered socket goes on there. */
import type { Socket } from 'socket.io';
import type { MemberView } from '../../contracts/channels.ts';
import type { LogStreamFilter } from '../../contracts/log-stream.ts';

export interface Kept {
  /** Channels with who the socket is in them. */
  channels?: Record<string, MemberView | null>;
  /** The filter that seed 004's events have set, also before they subscribe. */
  logFilter?: LogStreamFilter;
  /** What it follows, and the id of the last entry it was sent; absent while it follows nothing. */
  log?: { filter: LogStreamFilter; last: string | null };
}

/** Lives in the socket's `data`, which is restored with the socket. */
export const keptOf = (socket: Socket): Kept => socket.data as Kept;
