/** What the `mcp:*` commands, and agents, need of the servers of the Model Context Protocol. */
import type { CommandPayload } from '../contracts/commands.ts';
import type { McpCallView, McpImportView, McpServerDraft, McpServerView, McpToolView } from '../contracts/mcp.ts';
import type { By } from './by.ts';

/** Every method refuses with a CodedError, changes nothing then, and has a deadline of its own; NOT_FOUND names the nearest server. */
export interface McpService {
  /** By name. */
  list(): McpServerView[];
  /** Resolves when it is on disk; one that runs is being started anew then. */
  save(name: string, draft: McpServerDraft, by: By): Promise<McpServerView>;
  /** Resolves when nothing of it runs. */
  remove(name: string, by: By): Promise<void>;
  import(wish: CommandPayload<'mcp:import'>, by: By): Promise<McpImportView>;
  /** Resolves when its tools are known; UPSTREAM_FAILED with the cause. */
  start(name: string, by: By): Promise<McpServerView>;
  /** Resolves when it has ended. */
  stop(name: string, by: By): Promise<McpServerView>;
  restart(name: string, by: By): Promise<McpServerView>;
  /** As they were when the server ran last; of all servers without a name. */
  tools(name?: string): McpToolView[];
  /** Starts the server if it does not run. Rejects with the signal's reason when it is aborted. */
  call(
    wish: { server: string; tool: string; arguments: Record<string, unknown> },
    by: By,
    signal?: AbortSignal,
  ): Promise<McpCallView>;
}
