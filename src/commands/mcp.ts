/** `mcp:*`: servers of the Model Context Protocol, whose tools agents may use. */
import type { Handlers } from './caller.ts';

export const mcp: Handlers<'mcp'> = {
  'mcp:list': ({ mcp: service }) => ({ servers: service.list() }),
  'mcp:save': async ({ mcp: service }, { name, server }, { by }) => ({ server: await service.save(name, server, by) }),
  'mcp:remove': async ({ mcp: service }, { server }, { by }) => {
    await service.remove(server, by);
    return { removed: server };
  },
  'mcp:import': ({ mcp: service }, wish, { by }) => service.import(wish, by),
  'mcp:start': async ({ mcp: service }, { server }, { by }) => ({ server: await service.start(server, by) }),
  'mcp:stop': async ({ mcp: service }, { server }, { by }) => ({ server: await service.stop(server, by) }),
  'mcp:restart': async ({ mcp: service }, { server }, { by }) => ({ server: await service.restart(server, by) }),
  'mcp:tools': ({ mcp: service }, { server }) => ({ tools: service.tools(server) }),
  'mcp:call': async ({ mcp: service }, wish, { by }) => ({ result: await service.call(wish, by) }),
};
