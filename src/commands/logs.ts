/** `logs:*`: the bounded log in memory, and the stream of what comes. */
import { passesLog } from '../contracts/log-stream.ts';
import { connectionOf } from './connection.ts';
import type { Handlers } from './caller.ts';

/** More than any ring of entries is asked for at once. */
const ALL = 100_000;

export const logs: Handlers<'logs'> = {
  'logs:get': (services, { limit, offset, level, source }) => ({
    logs: services.logs.query({
      limit,
      offset,
      ...(level === undefined ? {} : { level }),
      ...(source === undefined ? {} : { source }),
    }),
  }),
  'logs:subscribe': (services, { history, ...filter }, caller) => {
    const connection = connectionOf(caller);
    // Nothing may wait in between: what follows the newest entry of this moment is what the stream begins with.
    const [newest] = services.logs.query({ limit: 1, offset: 0 });
    const level = filter.level === undefined ? {} : { level: filter.level, match: 'minimum' as const };
    const found = history === 0 ? [] : services.logs.query({ limit: ALL, offset: 0, ...level });
    connection.followLogs(filter, newest?.id ?? null);
    return { logs: found.filter((entry) => passesLog(filter, entry)).slice(0, history) };
  },
  'logs:unsubscribe': (_services, _payload, caller) => {
    connectionOf(caller).followLogs(null, null);
    return { subscribed: false };
  },
  'logs:clear': (services, _payload, { by }) => ({ cleared: services.logs.clear(by) }),
};
