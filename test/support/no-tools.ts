/** What agents need of tools where there are none. */
import type { ToolUseDeps } from '../../src/runtime/channels/tool-use.ts';

export const noTools: Omit<ToolUseDeps, 'now'> = {
  servers: {
    list: () => [],
    tools: () => [],
    start: () => Promise.reject(new Error('There are no servers.')),
    call: () => Promise.reject(new Error('There are no servers.')),
  },
  ask: () => Promise.resolve({ allowed: false, why: 'Nobody is there.' }),
};
