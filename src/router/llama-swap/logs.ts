import type { ServerResponse } from 'node:http';
import type { CheckedKey } from '../../contracts/keys.ts';
import type { LogEntryView } from '../../contracts/views.ts';
import type { ApiDeps } from '../api-deps.ts';
import { STEER_MS } from '../steering.ts';

const HISTORY = 1000;
/** A reader that has not taken this much misses lines rather than filling the router's memory. */
const MOST_UNREAD_BYTES = 256 * 1024;
const TEXT = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };

export type LogFilter = (source: string) => boolean;

/** Control characters of an engine's output are no commands for a reader's terminal. */
const lineOf = ({ timestamp, level, source, message }: LogEntryView): string =>
  `${new Date(timestamp).toISOString()} ${level.toUpperCase().padEnd(5)} ${source}: ${message.replaceAll(/\p{Cc}+/gu, ' ')}\n`;

const history = async (deps: ApiDeps, key: CheckedKey | null, wanted: LogFilter): Promise<LogEntryView[]> => {
  const { logs } = await deps.control.call('logs:get', { limit: HISTORY }, STEER_MS, key);
  // The newest comes first there, and last in a text.
  return logs.filter(({ source }) => wanted(source)).reverse();
};

/** The last lines, as text. */
export const sendLog = async (
  deps: ApiDeps,
  key: CheckedKey | null,
  res: ServerResponse,
  wanted: LogFilter,
): Promise<void> => {
  const entries = await history(deps, key, wanted);
  res.writeHead(200, TEXT).end(entries.map(lineOf).join(''));
};

/** The last lines and then every new one, until the client leaves. */
export const streamLog = async (
  deps: ApiDeps,
  key: CheckedKey | null,
  res: ServerResponse,
  wanted: LogFilter,
  withHistory: boolean,
): Promise<void> => {
  let missed = 0;
  let held: LogEntryView[] | null = [];
  let lastId = 0;
  const write = (entry: LogEntryView): void => {
    // An entry of the history may come a second time as news; ids only grow.
    if (Number(entry.id) <= lastId || !wanted(entry.source)) return;
    lastId = Number(entry.id);
    if (res.writableLength > MOST_UNREAD_BYTES) {
      missed++;
      return;
    }
    if (missed > 0) res.write(`… ${missed} lines are missing here, because they were not read in time\n`);
    missed = 0;
    res.write(lineOf(entry));
  };
  // Listening begins before the history is asked for, so that nothing falls between the two.
  const leave = deps.logs.follow((entries, dropped) => {
    missed += dropped;
    for (const entry of entries) {
      if (held) held.push(entry);
      else write(entry);
    }
  });
  res.on('close', leave);
  const before = withHistory ? await history(deps, key, wanted).catch(leaving(leave)) : [];
  res.writeHead(200, { ...TEXT, 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
  res.flushHeaders();
  for (const entry of before) write(entry);
  for (const entry of held) write(entry);
  held = null;
};

const leaving =
  (leave: () => void) =>
  (error: unknown): never => {
    leave();
    throw error;
  };
