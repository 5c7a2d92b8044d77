/** The configured servers of the Model Context Protocol: each is a child from its definition to its removal. */
import { assign, enqueueActions, setup } from 'xstate';
import type { ActorRefFrom } from 'xstate';
import { mcpServerMachine } from './mcp-server.machine.ts';
import type { McpServerLimits } from './mcp-server.machine.ts';
import type { RestartPolicy } from './restart-policy.ts';

export type McpServerRef = ActorRefFrom<typeof mcpServerMachine>;

export interface McpServersInput {
  policy: RestartPolicy;
  limits: McpServerLimits;
}

export interface McpServersContext extends McpServersInput {
  servers: Record<string, McpServerRef>;
}

export type McpServersEvent =
  | { type: 'server.defined'; name: string }
  /** Only of one that is stopped or failed: its process would be left. */
  | { type: 'server.removed'; name: string };

const known = (servers: Record<string, McpServerRef>, name: string): McpServerRef | undefined =>
  Object.hasOwn(servers, name) ? servers[name] : undefined;

export const mcpServersMachine = setup({
  types: { context: {} as McpServersContext, events: {} as McpServersEvent, input: {} as McpServersInput },
  actors: { server: mcpServerMachine },
  actions: {
    add: assign(({ context: { servers, policy, limits }, event: { name }, spawn }) => ({
      servers: {
        ...servers,
        [name]: known(servers, name) ?? spawn('server', { id: `mcp:${name}`, input: { name, policy, limits } }),
      },
    })),
    remove: enqueueActions(({ context: { servers }, event: { name }, enqueue }) => {
      const ref = known(servers, name);
      if (ref === undefined) return;
      enqueue.stopChild(ref);
      enqueue.assign({ servers: Object.fromEntries(Object.entries(servers).filter(([other]) => other !== name)) });
    }),
  },
}).createMachine({
  id: 'mcp-servers',
  description: 'The servers whose tools agents may use; each is an actor of its own.',
  options: { maxIterations: 1000 },
  context: ({ input }) => ({ ...input, servers: {} }),
  initial: 'supervising',
  states: {
    supervising: {
      description: 'Servers come and go as they are defined and removed.',
      on: { 'server.defined': { actions: 'add' }, 'server.removed': { actions: 'remove' } },
    },
  },
});
