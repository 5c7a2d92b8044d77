/** An OpenAI-compatible server on loopback whose model says what a script makes of the last result it was told. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ToolCall } from '../../src/contracts/session-tools.ts';

interface Message {
  role: string;
  content: string | { type: string; text?: string }[] | null;
}

export interface ScriptedModel {
  /** For `sessions.endpoint`. */
  endpoint: string;
  /** The messages of each request, as text. */
  requests: string[];
}

const textOf = ({ content }: Message): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text = '' }) => text).join('\n');

/** @param next the call after `n` others, by the newest result of a tool */
export const startModel = async (next: (told: string, n: number) => ToolCall): Promise<ScriptedModel> => {
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify({ data: [{ id: 'scripted', max_model_len: 32_768 }] }));
    }
    let body = '';
    request.on('data', (piece) => (body += String(piece)));
    request.on('end', () => {
      const { messages } = JSON.parse(body) as { messages: Message[] };
      const told = messages.findLast(({ role }) => role === 'tool');
      const call = next(told === undefined ? '' : textOf(told), requests.length);
      requests.push(messages.map(textOf).join('\n'));
      const id = `call_${requests.length}`;
      const called = { name: call.tool, arguments: JSON.stringify(call.arguments) };
      const delta = {
        role: 'assistant',
        content: null,
        tool_calls: [{ index: 0, id, type: 'function', function: called }],
      };
      const chunk = (choice: object, more = {}): string =>
        `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', model: 'scripted', choices: [{ index: 0, ...choice }], ...more })}\n\n`;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk({ delta, finish_reason: null }));
      response.write(
        chunk({ delta: {}, finish_reason: 'tool_calls' }, { usage: { prompt_tokens: 100, completion_tokens: 10 } }),
      );
      response.end('data: [DONE]\n\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { endpoint: `http://127.0.0.1:${port}/v1`, requests };
};
