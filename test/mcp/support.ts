/** The protocol's own client, and what its answers hold. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

export interface ToolAnswer {
  refused: boolean;
  value: Record<string, unknown>;
  error: { code?: string; message?: string; advice?: string };
}

export interface Assistant {
  client: Client;
  /** Calls a tool; `value` is the structured answer, which the text must repeat. */
  tool(name: string, input?: Record<string, unknown>): Promise<ToolAnswer>;
  close(): Promise<void>;
}

export const assistantOver = async (transport: Transport): Promise<Assistant> => {
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(transport);
  return {
    client,
    async tool(name, input = {}) {
      const answer = await client.callTool({ name, arguments: input });
      const [first] = answer.content as { type: string; text: string }[];
      const value = answer.structuredContent as Record<string, unknown>;
      if (JSON.stringify(value) !== JSON.stringify(JSON.parse(first?.text ?? 'null')))
        throw new Error(`the text of ${name} differs from its structure: ${first?.text ?? ''}`);
      return { refused: answer.isError === true, value, error: value['error'] ?? {} };
    },
    close: () => client.close(),
  };
};
