/** Sends broadcasts to both namespaces, once serialised each, in the envelope that both dialects read. */
import type { Server } from 'socket.io';
import type { BroadcastData, BroadcastName, DirectEvents } from '../contracts/events.ts';
import type { By } from '../commands/services.ts';
import { AUDIENCE } from './admission.ts';

/** The seed's path, for clients that take it for a namespace. */
export const NAMESPACES = ['/', '/llamaproxws'] as const;

export interface Emitter {
  /**
   * `data` is in the words of seed 001; `top` are the fields of seed 000 beside it. A change caused by a style-A call
   * (`by` is `a:<socket id>`) is kept from that socket. `room` limits the audience, which otherwise is every
   * socket that may observe.
   */
  broadcast<N extends BroadcastName>(
    event: N,
    data: BroadcastData[N],
    options?: { top?: object; by?: By | null; room?: string },
  ): void;
  /** Without the envelope, to the members of a room; `by` as above. */
  direct<N extends keyof DirectEvents>(event: N, data: DirectEvents[N], room: string, by?: By | null): void;
}

/** The socket to leave out, or null. */
const excluded = (by: By | null | undefined): string | null => (by?.startsWith('a:') === true ? by.slice(2) : null);

export const createEmitter = (io: Server): Emitter => {
  const last = new Map<string, number>();
  /** Epoch ms, strictly increasing per event name, so that clients can order what they receive. */
  const stamp = (event: string): number => {
    const next = Math.max(Date.now(), (last.get(event) ?? 0) + 1);
    last.set(event, next);
    return next;
  };

  // Nobody may ever use the second namespace; then it costs nothing. Once used, broadcasts are kept there for recovery.
  const used = new Set<string>(['/']);
  for (const name of NAMESPACES) io.of(name).on('connection', () => used.add(name));

  const send = (event: string, payload: object, room: string, except: string | null): void => {
    for (const name of used) {
      const audience = io.of(name).to(room);
      (except === null ? audience : audience.except(except)).emit(event, payload);
    }
  };

  return {
    broadcast: (event, data, { top = data, by, room = AUDIENCE.observe } = {}) => {
      const payload = { ...top, type: 'broadcast', event, data, timestamp: stamp(event) };
      send(event, payload, room, excluded(by));
    },
    direct: (event, data, room, by) => {
      send(event, data, room, excluded(by));
    },
  };
};
