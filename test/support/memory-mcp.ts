/** `Services['mcp']` in memory: a server has one tool, `echo`, and runs as soon as it is told to. */
import type { DomainChange, Services } from '../../src/commands/services.ts';
import { CodedError } from '../../src/contracts/errors.ts';
import type { McpServerDraft, McpServerView, McpToolView } from '../../src/contracts/mcp.ts';

export const memoryMcpServer = (over: Partial<McpServerView> = {}): McpServerView => ({
  name: 'files',
  transport: 'stdio',
  type: null,
  command: 'files-server',
  args: [],
  cwd: null,
  url: null,
  env: [],
  headers: [],
  disabled: false,
  autoStart: false,
  timeout: null,
  state: 'stopped',
  pid: null,
  startedAt: null,
  title: null,
  version: null,
  tools: null,
  failure: null,
  retryAt: null,
  restarts: 0,
  ...over,
});

export const memoryMcpTool = (server: string, over: Partial<McpToolView> = {}): McpToolView => ({
  server,
  name: 'echo',
  title: 'Echo',
  description: 'Says the same.',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
  readOnly: true,
  destructive: null,
  ...over,
});

export type MemoryMcp = Services['mcp'] & { put(server: McpServerView, tools?: McpToolView[]): void };

export const createMemoryMcp = (publish: (change: DomainChange) => void): MemoryMcp => {
  const servers = new Map<string, McpServerView>();
  const tools = new Map<string, McpToolView[]>();
  const list = (): McpServerView[] => [...servers.values()].toSorted((a, b) => a.name.localeCompare(b.name));
  const need = (name: string): McpServerView => {
    const server = servers.get(name);
    if (server === undefined) throw new CodedError('NOT_FOUND', `There is no MCP server ${name}.`);
    return server;
  };
  const set = (server: McpServerView, by: string): McpServerView => {
    servers.set(server.name, server);
    publish({ kind: 'mcp', servers: list(), by });
    return server;
  };
  const run = (name: string, by: string): McpServerView => {
    if (!tools.has(name)) tools.set(name, [memoryMcpTool(name)]);
    return set({ ...need(name), state: 'ready', tools: tools.get(name)?.length ?? 0 }, by);
  };
  const viewOf = (name: string, draft: McpServerDraft): McpServerView =>
    memoryMcpServer({
      ...servers.get(name),
      name,
      ...('command' in draft
        ? { transport: 'stdio', command: draft.command, args: draft.args ?? [], env: Object.keys(draft.env ?? {}) }
        : { transport: 'http', command: null, url: draft.url, headers: Object.keys(draft.headers ?? {}) }),
      disabled: draft.disabled === true,
      autoStart: draft.autoStart === true,
    });
  const turn = (): Promise<void> => Promise.resolve();

  return {
    put(server, own = []) {
      servers.set(server.name, server);
      tools.set(server.name, own);
    },
    list,
    save: async (name, draft, by) => (await turn(), set(viewOf(name, draft), by)),
    async remove(name, by) {
      await turn();
      need(name);
      servers.delete(name);
      publish({ kind: 'mcp', servers: list(), by });
    },
    async import({ json }, by) {
      await turn();
      let file: { mcpServers?: Record<string, McpServerDraft> };
      try {
        file = JSON.parse(json) as typeof file;
      } catch {
        throw new CodedError('INVALID_PAYLOAD', 'This is no JSON.');
      }
      const added = Object.entries(file.mcpServers ?? {});
      for (const [name, draft] of added) set(viewOf(name, draft), by);
      return { added: added.map(([name]) => name), changed: [], skipped: [] };
    },
    start: async (name, by) => (await turn(), run(name, by)),
    stop: async (name, by) => (await turn(), set({ ...need(name), state: 'stopped' }, by)),
    restart: async (name, by) => (await turn(), run(name, by)),
    tools(name) {
      if (name !== undefined) need(name);
      return [...tools].filter(([server]) => name === undefined || server === name).flatMap(([, own]) => own);
    },
    async call({ server, tool, arguments: args }, by) {
      await turn();
      if (need(server).state !== 'ready') run(server, by);
      if (tools.get(server)?.every((each) => each.name !== tool) === true)
        throw new CodedError('NOT_FOUND', `The MCP server ${server} has no tool ${tool}.`);
      return { isError: false, text: JSON.stringify(args), cut: false, tookMs: 1 };
    },
  };
};
