/** A ticket for addresses that the browser opens by itself, in pictures and links: it carries no headers there. */
import { createEffect, createSignal, on } from 'solid-js';
import type { Accessor } from 'solid-js';
import { at } from '../net/base.ts';
import type { App } from './app.tsx';

export interface Ticket {
  /** One has come. */
  ready: Accessor<boolean>;
  /** A path of this server with the ticket; null until it has come. */
  address: (path: string) => string | null;
}

/** A ticket ends with the run of the server that gave it, so each connection asks for one. */
export const createTicket = ({ client, live }: Pick<App, 'client' | 'live'>): Ticket => {
  const [ticket, setTicket] = createSignal<string | null>(null);
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
    ready: () => ticket() !== null,
    address: (path) => {
      const held = ticket();
      return held === null ? null : at(`${path}${path.includes('?') ? '&' : '?'}ticket=${held}`);
    },
  };
};
