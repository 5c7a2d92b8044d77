/** A real server of the Model Context Protocol over HTTP, by the streamable transport or the older one, with one tool. */
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

export interface HttpMcp {
  url: string;
  port: number;
  close(): Promise<void>;
}

const serverOf = (): McpServer => {
  const server = new McpServer({ name: 'remote', version: '1.0.0' });
  server.registerTool('echo', { description: 'Says the same.', inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  return server;
};

/** @param authorization what every request must carry; null lets everybody in */
export const startHttpMcp = async (
  kind: 'streamable' | 'sse',
  authorization: string | null,
  port = 0,
): Promise<HttpMcp> => {
  const streamable = new Map<string, StreamableHTTPServerTransport>();
  const older = new Map<string, SSEServerTransport>();
  const sessionOf = (request: IncomingMessage): string => String(request.headers['mcp-session-id'] ?? '');

  const http = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      if (authorization !== null && request.headers.authorization !== authorization) {
        response.writeHead(401).end('no');
        return;
      }
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
      if (kind === 'sse') {
        if (request.method === 'GET' && pathname === '/mcp') {
          const transport = new SSEServerTransport('/messages', response);
          older.set(transport.sessionId, transport);
          await serverOf().connect(transport);
        } else if (pathname === '/messages')
          await older.get(searchParams.get('sessionId') ?? '')?.handlePostMessage(request, response);
        else response.writeHead(405).end();
        return;
      }
      let transport = streamable.get(sessionOf(request));
      if (transport === undefined && sessionOf(request) === '') {
        transport = new StreamableHTTPServerTransport({
          sessionIdGenerator: randomUUID,
          onsessioninitialized: (id) => void streamable.set(id, transport as StreamableHTTPServerTransport),
        });
        await serverOf().connect(transport);
      }
      if (transport === undefined) response.writeHead(404).end('{}');
      else await transport.handleRequest(request, response);
    };
    answer().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  http.listen(port, '127.0.0.1');
  await new Promise((resolve) => http.once('listening', resolve));
  const address = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
};
