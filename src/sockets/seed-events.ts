/** Events of the seeds whose names or arguments are not those of a command. */
import type { CommandName } from '../contracts/commands.ts';

interface SeedEvent {
  command: CommandName;
  /** The command's payload, from the event's first argument. */
  payload(argument: unknown): unknown;
}

/** Seed 003 sends the bare id. */
const mediaId = (argument: unknown): unknown => (typeof argument === 'string' ? { mediaId: argument } : argument);

const EVENTS = new Map<string, SeedEvent>([
  ['subscribeMedia', { command: 'media:subscribe', payload: mediaId }],
  ['unsubscribeMedia', { command: 'media:unsubscribe', payload: mediaId }],
]);

/** Null for an event that is a command, or nothing at all. */
export const seedEvent = (event: string): SeedEvent | null => EVENTS.get(event) ?? null;
