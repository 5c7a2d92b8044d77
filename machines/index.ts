/** The machines, for embedding, for the Stately editor and for the generated diagrams. */
export { approvalMachine } from './approval.machine.ts';
export { channelMachine } from './channel.machine.ts';
export { downloadMachine } from './download.machine.ts';
export { engineMachine } from './engine.machine.ts';
export { mcpServerMachine } from './mcp-server.machine.ts';
export { mcpServersMachine } from './mcp-servers.machine.ts';
export { mediaMachine } from './media.machine.ts';
export { modelMachine } from './model.machine.ts';
export { routerMachine } from './router.machine.ts';
export { runMachine } from './run.machine.ts';
export { runQueueMachine } from './run-queue.machine.ts';
export { sessionMachine } from './session.machine.ts';
export { supervisorMachine } from './supervisor.machine.ts';
