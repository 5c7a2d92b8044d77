import type { CommandName } from '../contracts/commands.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Commands whose answer waits for processes, folders or the network; everything else answers at once. */
const LONG: Partial<Record<CommandName, number>> = {
  'models:load': 15 * MINUTE,
  'models:start': 15 * MINUTE,
  'engine:install': 31 * MINUTE,
  'engine:use': 2 * MINUTE,
  'models:scan': 5 * MINUTE,
  'llama:rescan': 5 * MINUTE,
  'models:unload': 2 * MINUTE,
  'models:stop': 2 * MINUTE,
  'models:delete': 2 * MINUTE,
  'downloads:options': 2 * MINUTE,
  'downloads:cancel': 2 * MINUTE,
  'downloads:remove': 2 * MINUTE,
  'media:cancel': 2 * MINUTE,
  'media:remove': 2 * MINUTE,
  'mcp:start': 2 * MINUTE,
  'mcp:restart': 2 * MINUTE,
  'mcp:stop': MINUTE,
  'mcp:remove': MINUTE,
  // The tool's own time, and a start before it.
  'mcp:call': 15 * MINUTE,
  'llama:start': 2 * MINUTE,
  'llama:stop': 2 * MINUTE,
};

/** How long a call of this command may take unless the caller says otherwise, ms. */
export const deadlineOf = (command: CommandName): number => LONG[command] ?? 30 * SECOND;
