/** A ticket for addresses that the browser opens by itself, in pictures and links: it carries no headers there. */
import { createEffect, createSignal, on } from 'solid-js';
import { at } from '../net/base.ts';
import type { App } from './app.tsx';

export interface Ticket {
  /** A path of this server with the ticket, if one is needed; null until that is known. */
  address: (path: string) => string | null;
}

/** A ticket ends with the run of the server that gave it, so each connection asks for one. */
export const createTicket = ({ client, live }: Pick<App, 'client' | 'live'>): Ticket => {
  /** Undefined until it has come, null where none is needed. */
  const [ticket, setTicket] = createSignal<string | null>();
  createEffect(
    on(
      () => live.connection().connected,
      (connected) => {
        if (!connected) return;
        client.request('media:ticket', {}).then(
          (pass) => setTicket(pass.ticket),
          () => {
            // Without one a picture is missing; why the server cannot be asked is told by the connection.
          },
        );
      },
    ),
  );
  return {
    address: (path) => {
      const held = ticket();
      if (held === undefined) return null;
      return at(held === null ? path : `${path}${path.includes('?') ? '&' : '?'}ticket=${held}`);
    },
  };
};
