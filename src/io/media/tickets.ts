/** Signed tickets: who somebody is, for addresses that a browser opens without headers. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface Tickets {
  /** A text for an address, which says `holder` until `expiresAt` (epoch ms). */
  issue(holder: string, expiresAt: number): string;
  /** What a ticket says; null when it is not one of ours or has expired. */
  read(ticket: string, now: number): string | null;
}

/** Longer texts are not even looked at. */
const LONGEST = 4096;

/** Tickets of one run of the server: they last for hours, and a page asks for a new one when it connects again. */
export const createTickets = (secret: Buffer = randomBytes(32)): Tickets => {
  const sign = (body: string): Buffer => createHmac('sha256', secret).update(`media:${body}`).digest();
  return {
    issue(holder, expiresAt) {
      const body = Buffer.from(JSON.stringify([expiresAt, holder])).toString('base64url');
      return `${body}.${sign(body).toString('base64url')}`;
    },
    read(ticket, now) {
      const [body = '', signature = '', more] = ticket.length > LONGEST ? [] : ticket.split('.');
      const given = Buffer.from(signature, 'base64url');
      const right = sign(body);
      if (more !== undefined || given.length !== right.length || !timingSafeEqual(given, right)) return null;
      const [expiresAt, holder] = JSON.parse(Buffer.from(body, 'base64url').toString()) as [number, string];
      return expiresAt > now ? holder : null;
    },
  };
};
