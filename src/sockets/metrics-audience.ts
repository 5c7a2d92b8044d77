/** Who gets `metrics:update` how often: everyone at the common interval, some sockets at their own. */
import type { Socket } from 'socket.io';
import type { MetricsView } from '../contracts/views.ts';
import type { Services } from '../commands/services.ts';
import type { Emitter } from './emitter.ts';

const COMMON = '@metrics:common';
const roomOf = (interval: number): string => `@metrics:${interval}`;
const intervalOfRoom = (room: string): number | null => {
  const digits = /^@metrics:(\d+)$/.exec(room)?.[1];
  return digits === undefined ? null : Number(digits);
};

interface Group {
  room: string;
  interval: number;
  sockets: number;
  /** When the next sample is due, on the samples' own clock. */
  due: number;
  release: () => void;
}

export interface MetricsAudience {
  join(socket: Socket): void;
  leave(socket: Socket): void;
  /** Own interval in ms, or null for the common one. */
  every(socket: Socket, interval: number | null): void;
  publish(metrics: MetricsView): void;
  /** The common interval in ms, when the setting changes. */
  setCommon(interval: number): void;
  close(): void;
}

/**
 * Samples arrive as often as the most demanding group wants. Each group has a schedule and takes the sample nearest to
 * each due time, so a group's mean interval is the one it asked for whatever the others ask.
 */
export const createMetricsAudience = (
  emitter: Emitter,
  metrics: Services['metrics'],
  commonInterval: number,
): MetricsAudience => {
  const newGroup = (room: string, interval: number): Group => ({
    room,
    interval,
    sockets: 0,
    due: 0,
    release: metrics.demand(interval),
  });
  let common = newGroup(COMMON, commonInterval);
  const own = new Map<number, Group>();
  const chosen = new WeakMap<Socket, number>();

  const part = (socket: Socket): void => {
    const interval = chosen.get(socket);
    if (interval === undefined) return;
    chosen.delete(socket);
    const left = own.get(interval);
    if (left === undefined) return;
    left.sockets -= 1;
    if (left.sockets > 0) return;
    left.release();
    own.delete(interval);
  };

  const choose = (socket: Socket, interval: number): void => {
    const joined = own.get(interval) ?? newGroup(roomOf(interval), interval);
    own.set(interval, joined);
    joined.sockets += 1;
    chosen.set(socket, interval);
  };

  const every = (socket: Socket, interval: number | null): void => {
    const before = chosen.get(socket);
    if (before !== undefined) void socket.leave(roomOf(before));
    part(socket);
    if (interval === null) {
      void socket.join(COMMON);
    } else {
      void socket.leave(COMMON);
      void socket.join(roomOf(interval));
      choose(socket, interval);
    }
  };

  return {
    join: (socket) => {
      // A recovered socket comes back with its rooms; the demand behind its own interval has to be raised again.
      const kept = [...socket.rooms].map(intervalOfRoom).find((interval) => interval !== null);
      if (kept === undefined) void socket.join(COMMON);
      else choose(socket, kept);
    },
    leave: part,
    every,
    publish: (sample) => {
      for (const group of [common, ...own.values()]) {
        const slack = Math.min(group.interval / 10, 500);
        if (sample.timestamp < group.due - slack) continue;
        const next = group.due + group.interval;
        group.due = next > sample.timestamp ? next : sample.timestamp + group.interval;
        emitter.broadcast('metrics:update', { metrics: sample }, { room: group.room });
      }
    },
    setCommon: (interval) => {
      if (interval === common.interval) return;
      const before = common;
      common = newGroup(COMMON, interval);
      before.release();
    },
    close: () => {
      common.release();
      for (const { release } of own.values()) release();
      own.clear();
    },
  };
};
