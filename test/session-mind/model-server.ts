/** An OpenAI-compatible server on loopback that says what a test tells it to, in pieces cut where the test wants. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
}
export type Answer = (response: ServerResponse, asked: Asked) => void | Promise<void>;

export interface ModelServer {
  /** Ends in /v1. */
  url: string;
  asked: Asked[];
  /** The next answers; the last one stays. */
  script(...answers: Answer[]): void;
  /** Requests whose client has left before the end. */
  left(): number;
  close(): Promise<void>;
}

export const sse = (events: readonly (object | string)[]): string =>
  events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('');

export const delta = (fields: object, finish: string | null = null): object => ({
  choices: [{ index: 0, delta: fields, finish_reason: finish }],
});
export const usage = (prompt: number, completion = 5): object => ({
  choices: [],
  usage: { prompt_tokens: prompt, completion_tokens: completion },
});
export const toolCall = (name: string, given: unknown, index = 0): object =>
  delta({
    tool_calls: [
      {
        ...{ index, id: `id-${index}`, type: 'function' },
        function: { name, arguments: typeof given === 'string' ? given : JSON.stringify(given) },
      },
    ],
  });

/** A whole stream; `cuts` are bytes after which it pauses for a turn. */
export const stream =
  (events: readonly (object | string)[], cuts: readonly number[] = []): Answer =>
  async (response) => {
    const bytes = Buffer.from(sse([...events, '[DONE]']));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let at = 0;
    for (const cut of [...new Set(cuts)].toSorted((a, b) => a - b)) {
      if (cut <= at || cut >= bytes.length) continue;
      await new Promise<void>((resolve) => response.write(bytes.subarray(at, cut), () => setImmediate(resolve)));
      at = cut;
    }
    response.end(bytes.subarray(at));
  };
export const says = (text: string): Answer => stream([delta({ content: text }), delta({}, 'stop'), usage(10)]);
export const calls = (name: string, given: unknown): Answer =>
  stream([toolCall(name, given), delta({}, 'tool_calls'), usage(10)]);
export const refuses =
  (status: number, error: object): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error }));
  };

export const startModelServer = async (models: object[] = [{ id: 'far-model' }]): Promise<ModelServer> => {
  const asked: Asked[] = [];
  let answers: Answer[] = [says('nothing')];
  let left = 0;
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      response.end(JSON.stringify({ object: 'list', data: models }));
      return;
    }
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      const one: Asked = {
        path: request.url ?? '',
        headers: request.headers,
        body: JSON.parse(text) as Record<string, unknown>,
      };
      asked.push(one);
      response.on('close', () => {
        if (!response.writableFinished) left += 1;
      });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      void answer?.(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    script: (...next) => void (answers = next),
    left: () => left,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
