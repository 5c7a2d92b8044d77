import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { FromRouter, ToRouter } from '../../src/contracts/ipc.ts';
import type { LogEntryView } from '../../src/contracts/views.ts';
import { followLog } from '../../src/runtime/log-follow.ts';

const entry = (id: number): LogEntryView => ({
  id: String(id),
  timestamp: 0,
  level: 'info',
  source: 'server',
  message: 'x',
});

const start = () => {
  const sent: ToRouter[] = [];
  const readers = new Set<(entry: LogEntryView) => void>();
  let hear: (message: FromRouter) => void = () => undefined;
  followLog(
    {
      send: (message) => void sent.push(message),
      onMessage: (listener) => {
        hear = listener;
        return () => undefined;
      },
    },
    {
      subscribe: (reader) => {
        readers.add(reader);
        return () => readers.delete(reader);
      },
    },
  );
  return {
    sent,
    readers,
    hear: (message: FromRouter) => hear(message),
    write: (id: number) => readers.forEach((read) => read(entry(id))),
  };
};

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('sends the log in batches while the router follows it, and not before or after', () => {
  const { sent, readers, hear, write } = start();
  expect(readers.size).toBe(0);
  hear({ type: 'logs.follow', on: true });
  hear({ type: 'logs.follow', on: true });
  expect(readers.size).toBe(1);
  write(1);
  write(2);
  vi.advanceTimersByTime(200);
  expect(sent).toEqual([{ type: 'logs', entries: [entry(1), entry(2)], dropped: 0 }]);
  write(3);
  hear({ type: 'logs.follow', on: false });
  expect(readers.size).toBe(0);
  vi.advanceTimersByTime(200);
  expect(sent).toHaveLength(1);
});

it('counts what a flood is too much by', () => {
  const { sent, hear, write } = start();
  hear({ type: 'logs.follow', on: true });
  for (let id = 0; id < 600; id += 1) write(id);
  vi.advanceTimersByTime(200);
  expect(sent).toMatchObject([{ type: 'logs', dropped: 100 }]);
});

it('forgets a router that has left', () => {
  const { readers, hear } = start();
  hear({ type: 'logs.follow', on: true });
  hear({ type: 'listening', host: '127.0.0.1', port: 1 });
  expect(readers.size).toBe(0);
});
