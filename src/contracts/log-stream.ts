/** The log as a stream for clients that choose what they want of it. */
import { z } from 'zod';
import { LOG_LEVELS } from './views.ts';
import type { LogEntryView, LogLevel } from './views.ts';

/** An entry passes when all of these hold; what is absent lets everything pass. */
export const LogStreamFilter = z.object({
  /** This level and the more serious ones. */
  level: z.enum(LOG_LEVELS).optional(),
  agentId: z.string().max(256).optional(),
  /** A source, or its kind: `model` is every model. */
  category: z.string().max(512).optional(),
});
export type LogStreamFilter = z.infer<typeof LogStreamFilter>;

/** One entry as it is streamed. */
export interface LogUpdate {
  id: string;
  /** ISO. */
  timestamp: string;
  level: LogLevel;
  category: string;
  message: string;
  agentId?: string;
}

const AGENT = 'agent:';
const agentOf = (source: string): string | null => (source.startsWith(AGENT) ? source.slice(AGENT.length) : null);

export const passesLog = ({ level, agentId, category }: LogStreamFilter, entry: LogEntryView): boolean =>
  (level === undefined || LOG_LEVELS.indexOf(entry.level) >= LOG_LEVELS.indexOf(level)) &&
  (agentId === undefined || agentOf(entry.source) === agentId) &&
  (category === undefined || entry.source === category || entry.source.startsWith(`${category}:`));

export const logUpdate = ({ id, timestamp, level, source, message }: LogEntryView): LogUpdate => {
  const agentId = agentOf(source);
  const update = { id, timestamp: new Date(timestamp).toISOString(), level, category: source, message };
  return agentId === null ? update : { ...update, agentId };
};

/** A streamed entry in the shape of the stored ones. */
export const logEntryOf = ({ id, timestamp, level, category, message }: LogUpdate): LogEntryView => ({
  id,
  timestamp: Date.parse(timestamp),
  level,
  message,
  source: category,
});
