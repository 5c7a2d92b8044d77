/** Sends broadcasts to both namespaces, once serialised each, in the envelope that both dialects read. */
import type { Server } from 'socket.io';
import type { BroadcastData, BroadcastName, DirectEvents } from '../contracts/events.ts';
import type { By } from '../commands/services.ts';
import { AUDIENCE } from './admission.ts';

/** The seed's path, for clients that take it for a namespace. */
export const NAMESPACES = ['/', '/llamaproxws'] as const;

/** For events of one kind only; state is not broadcast there. */
export const SIDE_NAMESPACES = ['/media', '/notifications'] as const;
export type SideNamespace = (typeof SIDE_NAMESPACES)[number];

export interface Emitter {
  /**
   * `data` is in the words of seed 001; `top` are the fields of seed 000 beside it. A change caused by a style-A call
   * (`by` is `a:<socket id>`) is kept from that socket. `room` limits the audience, which otherwise is every
   * socket that may observe. `also` names a namespace of its own kind that is told, too.
   */
  broadcast<N extends BroadcastName>(
    event: N,
    data: BroadcastData[N],
    options?: { top?: object; by?: By | null; room?: string; also?: SideNamespace },
  ): void;
  /** Without the envelope, to the members of a room or the socket with that id; `by` and `also` as above, `except` leaves a socket out. */
  direct<N extends keyof DirectEvents>(
    event: N,
    data: DirectEvents[N],
    room: string,
    options?: { by?: By | null; also?: SideNamespace; except?: string | undefined },
  ): void;
  /** Takes everybody out of a room. */
  empty(room: string): void;
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

  // Nobody may ever use the other namespaces; then they cost nothing. Once used, broadcasts are kept there for recovery.
  const used = new Set<string>(['/']);
  for (const name of [...NAMESPACES, ...SIDE_NAMESPACES]) io.of(name).on('connection', () => used.add(name));

  const send = (event: string, payload: object, room: string, except: string | null, also?: SideNamespace): void => {
    for (const name of [...NAMESPACES, ...(also === undefined ? [] : [also])]) {
      if (!used.has(name)) continue;
      const audience = io.of(name).to(room);
      (except === null ? audience : audience.except(except)).emit(event, payload);
    }
  };

  return {
    broadcast: (event, data, { top = data, by, room = AUDIENCE.observe, also } = {}) => {
      const payload = { ...top, type: 'broadcast', event, data, timestamp: stamp(event) };
      send(event, payload, room, excluded(by), also);
    },
    direct: (event, data, room, { by, also, except } = {}) => {
      send(event, data, room, except ?? excluded(by), also);
    },
    empty: (room) => {
      for (const name of used) io.of(name).socketsLeave(room);
    },
  };
};
