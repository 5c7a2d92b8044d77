/** Who sent a request for a file: by its headers, or by the ticket in an address that a page puts into an image or a link. */
import type { IncomingMessage } from 'node:http';
import type { Principal } from '../commands/caller.ts';
import type { Services } from '../commands/services.ts';
import { CodedError } from '../contracts/errors.ts';

export interface TicketOptions {
  services: Pick<Services, 'media'>;
  /** By the headers. */
  identify(request: IncomingMessage): Principal | CodedError | Promise<Principal | CodedError>;
}

/** Rejects with a CodedError. */
export const principalOf = async (
  request: IncomingMessage,
  { services, identify }: TicketOptions,
): Promise<Principal> => {
  const ticket = new URL(request.url ?? '/', 'http://local').searchParams.get('ticket');
  if (ticket === null) {
    const principal = await identify(request);
    if (principal instanceof CodedError) throw principal;
    return principal;
  }
  const holder = services.media.tickets.read(ticket, Date.now());
  if (holder === null)
    throw new CodedError('UNAUTHORIZED', 'This ticket has expired: ask for another with `media:ticket`.');
  return JSON.parse(holder) as Principal;
};
