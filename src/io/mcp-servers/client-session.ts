/** A greeted server: its tools, calls of them, and whether it is still there. Speaks by the SDK's client. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CallToolResultSchema,
  ErrorCode,
  ListToolsResultSchema,
  McpError,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import { CodedError } from '../../contracts/errors.ts';
import { MCP_LIMITS } from '../../contracts/mcp.ts';
import type { McpToolView } from '../../contracts/mcp.ts';
import { textOf } from './result-text.ts';

export interface ToolResult {
  isError: boolean;
  text: string;
}

export interface McpSession {
  title: string | null;
  version: string | null;
  tools: McpToolView[];
  /** Calls that are under way. */
  readonly busy: number;
  /**
   * What the tool says, also of its own failure. Rejects with TIMEOUT or UPSTREAM_FAILED when it says nothing, or with the signal's
   * reason.
   */
  call(
    tool: string,
    args: Record<string, unknown>,
    options: { signal: AbortSignal; timeoutMs: number },
  ): Promise<ToolResult>;
  /** Rejects when it does not answer in time. */
  ping(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface GreetOptions {
  name: string;
  /** Of this product. */
  version: string;
  timeoutMs: number;
  /** The server says that its tools are others now, and these are they. */
  onTools(tools: McpToolView[]): void;
  onProblem(message: string): void;
}

/** A server with more pages than this counts wrongly. */
const MOST_PAGES = 100;
/** A call whose server tells of its progress may take this many times as long. */
const PATIENCE = 10;

const viewOf = (server: string, { name, title, description, inputSchema, annotations }: Tool): McpToolView => ({
  server,
  name,
  title: title ?? annotations?.title ?? null,
  description: description ?? '',
  inputSchema,
  readOnly: annotations?.readOnlyHint === true,
  destructive: annotations?.destructiveHint ?? null,
});

const listTools = async (client: Client, server: string, timeout: number): Promise<McpToolView[]> => {
  if (client.getServerCapabilities()?.tools === undefined) return [];
  const tools: McpToolView[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES && tools.length < MCP_LIMITS.tools; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = await client.request({ method: 'tools/list', params }, ListToolsResultSchema, { timeout });
    tools.push(...answer.tools.map((tool) => viewOf(server, tool)));
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  return tools.slice(0, MCP_LIMITS.tools);
};

const sessionOf = (client: Client, tools: McpToolView[]): McpSession & { busy: number } => {
  const about = client.getServerVersion();
  const session = {
    title: about?.title ?? about?.name ?? null,
    version: about?.version ?? null,
    tools,
    busy: 0,
    async call(
      tool: string,
      args: Record<string, unknown>,
      { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number },
    ) {
      session.busy += 1;
      try {
        const result = await client.request(
          { method: 'tools/call', params: { name: tool, arguments: args } },
          CallToolResultSchema,
          {
            signal,
            timeout: timeoutMs,
            resetTimeoutOnProgress: true,
            maxTotalTimeout: timeoutMs * PATIENCE,
            onprogress: () => undefined,
          },
        );
        return { isError: result.isError === true, text: textOf(result) };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof McpError))
          throw new CodedError('UPSTREAM_FAILED', `It could not be asked: ${wordsOf(error)}`);
        if (error.code === (ErrorCode.RequestTimeout as number))
          throw new CodedError('TIMEOUT', `It did not answer within ${timeoutMs / 1000} s.`);
        if (error.code === (ErrorCode.ConnectionClosed as number))
          throw new CodedError('UPSTREAM_FAILED', 'The server ended before it answered; its log says why.');
        // Its own words about a call that it does not accept are for whoever called.
        return { isError: true, text: error.message };
      } finally {
        session.busy -= 1;
      }
    },
    async ping(timeoutMs: number) {
      try {
        await client.ping({ timeout: timeoutMs });
      } catch (error) {
        // A server that answers with an error is there.
        const silent: number[] = [ErrorCode.RequestTimeout, ErrorCode.ConnectionClosed];
        if (!(error instanceof McpError) || silent.includes(error.code)) throw error;
      }
    },
    close: () => client.close(),
  };
  return session;
};

const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message;
};

/** Resolves when the tools are known. Rejects with the SDK's error. */
export const greet = async (transport: Transport, options: GreetOptions): Promise<McpSession> => {
  const { name, version, timeoutMs, onTools, onProblem } = options;
  const client = new Client({ name: 'llamactor', title: 'Llamactor', version }, { capabilities: {} });
  client.onerror = (error) => onProblem(wordsOf(error));
  await client.connect(transport, { timeout: timeoutMs });
  // Told before the first list is there, it only means that the list will be the new one.
  let again = Promise.resolve();
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    again = again
      .then(() => listTools(client, name, timeoutMs))
      .then(onTools)
      .catch((error: unknown) => onProblem(`Its changed tools could not be listed: ${wordsOf(error)}`));
  });
  return sessionOf(client, await listTools(client, name, timeoutMs));
};

/** Why an address was of no use; `permanent` when trying again cannot help. */
export class UnusableAddress extends Error {
  readonly permanent: boolean;
  constructor(message: string, permanent: boolean) {
    super(message);
    this.permanent = permanent;
  }
}

const statusOf = (error: unknown): number | null => {
  if (error instanceof StreamableHTTPError) return error.code ?? null;
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'number' && code >= 400 && code < 600 ? code : null;
};

const unusable = (error: unknown): UnusableAddress => {
  const status = statusOf(error);
  if (status === 401 || status === 403)
    return new UnusableAddress(`It refuses us (status ${status}); correct its headers and start it.`, true);
  if (status === 404)
    return new UnusableAddress('There is no server of the protocol at its address (status 404).', true);
  if (status !== null) return new UnusableAddress(`It answered with status ${status}.`, false);
  return new UnusableAddress(`It cannot be reached: ${wordsOf(error)}`, false);
};

export interface Address {
  url: string;
  type: 'http' | 'sse' | null;
  headers: Record<string, string>;
}

/**
 * Greets the server at an address: the streamable transport first, and the older one where that is refused, unless the definition
 * says which. Rejects with UnusableAddress.
 */
export const greetAddress = async (
  { url, type, headers }: Address,
  options: GreetOptions & { signal: AbortSignal },
): Promise<McpSession> => {
  const requestInit = { headers };
  const tryOne = async (transport: Transport & { terminateSession?: () => Promise<void> }): Promise<McpSession> => {
    const leave = (): void => void transport.close().catch(() => undefined);
    options.signal.addEventListener('abort', leave, { once: true });
    try {
      const session = await greet(transport, options);
      return {
        ...session,
        get busy() {
          return session.busy;
        },
        close: async () => {
          await transport.terminateSession?.().catch(() => undefined);
          await session.close();
        },
      };
    } catch (error) {
      leave();
      throw error;
    } finally {
      options.signal.removeEventListener('abort', leave);
    }
  };
  const streamable = (): Transport => new StreamableHTTPClientTransport(new URL(url), { requestInit });
  const older = (): Transport => new SSEClientTransport(new URL(url), { requestInit });
  try {
    if (type === 'sse') return await tryOne(older());
    try {
      return await tryOne(streamable());
    } catch (error) {
      const status = statusOf(error);
      if (type === 'http' || status === null || status < 400 || status >= 500 || status === 401 || status === 403)
        throw error;
      return await tryOne(older());
    }
  } catch (error) {
    throw unusable(error);
  }
};
