/** The servers of the Model Context Protocol of one data folder. */
import path from 'node:path';
import { McpServersDocument } from '../../contracts/mcp.ts';
import { openDocument } from '../../io/store/document.ts';
import { createMcpServers } from './mcp-servers.ts';
import type { McpServers, McpServersOptions } from './mcp-servers.ts';

/** Throws a CodedError when the disk refuses or the document is of a newer version. */
export const openMcp = async ({
  dataDir,
  ...options
}: Omit<McpServersOptions, 'store' | 'folder'> & { dataDir: string }): Promise<McpServers> => {
  const store = await openDocument({
    path: path.join(dataDir, 'mcp-servers.json'),
    version: 1,
    schema: McpServersDocument,
    defaults: (): McpServersDocument => ({ mcpServers: {} }),
    onDamaged: (info) => options.log('error', 'server', info.message),
  });
  return createMcpServers({ ...options, store, folder: path.join(dataDir, 'mcp') });
};
