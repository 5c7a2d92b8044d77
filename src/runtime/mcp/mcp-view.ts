/** A server of the Model Context Protocol as it is shown: without anything that may be a secret. Pure. */
import type { SnapshotFrom } from 'xstate';
import type { mcpServerMachine } from '../../../machines/mcp-server.machine.ts';
import type { McpServerRecord, McpServerView } from '../../contracts/mcp.ts';
import { shownArgs, shownUrl } from '../../io/mcp-servers/secrets.ts';

/** What a server told of itself when it ran last. */
export interface Remembered {
  title: string | null;
  version: string | null;
  tools: number;
}

export const mcpServerView = (
  name: string,
  record: Readonly<McpServerRecord>,
  { value, context }: SnapshotFrom<typeof mcpServerMachine>,
  remembered: Remembered | undefined,
): McpServerView => {
  const process = 'command' in record ? record : null;
  const address = 'url' in record ? record : null;
  return {
    name,
    transport: process === null ? 'http' : 'stdio',
    type: record.type ?? null,
    command: process?.command ?? null,
    args: shownArgs(process?.args ?? []),
    cwd: process?.cwd ?? null,
    url: address === null ? null : shownUrl(address.url),
    env: Object.keys(process?.env ?? {}),
    headers: Object.keys(address?.headers ?? {}),
    disabled: record.disabled === true,
    autoStart: record.autoStart === true,
    timeout: record.timeout ?? null,
    state: value,
    pid: context.pid,
    startedAt: context.startedAt,
    title: remembered?.title ?? null,
    version: remembered?.version ?? null,
    tools: context.tools ?? remembered?.tools ?? null,
    failure: context.failure,
    retryAt: context.retryAt,
    restarts: context.restarts,
  };
};
