/** `mcp:*`: servers of the Model Context Protocol, whose tools agents may use. */
import { z } from 'zod';
import { McpServerDraft, mcpServerName } from '../mcp.ts';
import type { McpCallView, McpImportView, McpServerView, McpToolView } from '../mcp.ts';
import { empty, returns } from './define.ts';

const name = z.string().trim().min(1, 'is required').max(64);
const one = z.object({ server: name });
/** A file of servers is small; a megabyte is a mistake. */
const MOST_TEXT = 1024 * 1024;

export const mcpCommands = {
  'mcp:list': returns<{ servers: McpServerView[] }>()('observe', empty, 'The servers by name, with their states.'),
  'mcp:save': returns<{ server: McpServerView }>()(
    'admin',
    z.object({ name: mcpServerName, server: McpServerDraft }),
    'Adds a server, or changes the one of that name, which is started anew if it runs. A value of null in `env` or `headers` keeps the one that is stored.',
  ),
  'mcp:remove': returns<{ removed: string }>()('admin', one, 'Stops a server and forgets it.'),
  'mcp:import': returns<McpImportView>()(
    'admin',
    z.object({
      /** The text of a file as other assistants keep it: JSON with `mcpServers` (or `servers`). */
      json: z.string().min(1).max(MOST_TEXT),
      /** Change servers that are there already. */
      replace: z.boolean().default(false),
    }),
    'Takes over the servers of another assistant’s file; what cannot be taken over is named with its reason.',
  ),
  'mcp:start': returns<{ server: McpServerView }>()(
    'operate',
    one,
    'Starts a server; answers when its tools are known.',
  ),
  'mcp:stop': returns<{ server: McpServerView }>()('operate', one, 'Stops a server; answers when it has ended.'),
  'mcp:restart': returns<{ server: McpServerView }>()('operate', one, 'Stops a server and starts it anew.'),
  'mcp:tools': returns<{ tools: McpToolView[] }>()(
    'observe',
    z.object({ server: name.optional() }),
    'The tools of all servers, or of one, as they were when it ran last.',
  ),
  'mcp:call': returns<{ result: McpCallView }>()(
    'operate',
    z.object({
      server: name,
      tool: z.string().min(1).max(256),
      arguments: z.record(z.string(), z.unknown()).default({}),
    }),
    'Calls a tool, to try it; the server is started if it does not run.',
  ),
} as const;
