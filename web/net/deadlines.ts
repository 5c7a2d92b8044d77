/** How long the page waits for an answer, in ms. A deadline here ends the waiting, never the work. */
import type { CommandName } from '../../src/contracts/commands.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DEFAULT = 15 * SECOND;

/** Commands that answer when their work is done. */
const LONG: Partial<Record<CommandName, number>> = {
  'models:load': 30 * MINUTE,
  'models:unload': MINUTE,
  'models:scan': 5 * MINUTE,
  'llama:rescan': 5 * MINUTE,
  'router:start': MINUTE,
  'media:cancel': 2 * MINUTE,
  'media:remove': 2 * MINUTE,
  'engine:install': 60 * MINUTE,
  // The server itself waits a minute and a half for the hub.
  'downloads:options': 2 * MINUTE,
};

const isLong = (command: string): command is keyof typeof LONG => Object.hasOwn(LONG, command);

export const deadlineOf = (command: string): number => (isLong(command) ? LONG[command] : undefined) ?? DEFAULT;
