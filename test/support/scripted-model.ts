/** An OpenAI-compatible endpoint whose model answers by a script: each request takes the next turn, the last one is repeated. */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Piece = { content: string } | { tool: string; args?: unknown; raw?: string };
export type ModelTurn = readonly Piece[] | ((body: ChatBody) => readonly Piece[]);

export interface ChatBody {
  messages: { role: string; content: unknown; tool_call_id?: string; tool_calls?: unknown[] }[];
  tools?: { function: { name: string } }[];
  tool_choice?: string;
}

export interface ScriptedModel {
  url: string;
  /** What it was asked, in order. */
  asked: ChatBody[];
  close(): Promise<void>;
}

const send = (response: ServerResponse, delta: object): void =>
  void response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`);

export const startScriptedModel = async (turns: readonly ModelTurn[]): Promise<ScriptedModel> => {
  const asked: ChatBody[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as ChatBody;
      const turn = turns[Math.min(asked.length, turns.length - 1)] ?? [];
      asked.push(body);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let index = 0;
      for (const piece of typeof turn === 'function' ? turn(body) : turn) {
        if ('content' in piece) {
          send(response, { content: piece.content });
          continue;
        }
        // Cut into pieces, as engines stream them.
        const text = piece.raw ?? JSON.stringify(piece.args ?? {});
        const half = Math.floor(text.length / 2);
        const call = { index, id: `c${index}`, type: 'function', function: { name: piece.tool, arguments: '' } };
        send(response, { tool_calls: [call] });
        send(response, { tool_calls: [{ index, function: { arguments: text.slice(0, half) } }] });
        send(response, { tool_calls: [{ index, function: { arguments: text.slice(half) } }] });
        index += 1;
      }
      response.write(`data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 100 } })}\n\n`);
      response.end('data: [DONE]\n\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
