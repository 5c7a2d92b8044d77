/** The real commands and sockets over channels in memory, with the built page and a model that answers from a script. */
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AgentDraft, DEFAULT_SERVER_ID } from '../../src/contracts/channels.ts';
import type { AgentView } from '../../src/contracts/channels.ts';
import { createMemoryServices } from '../support/memory-services.ts';
import type { MemoryServices } from '../support/memory-services.ts';
import { startTransports } from '../support/server.ts';

export const KITCHEN = '11111111-1111-4111-8111-111111111111';
export const DIRECT = '22222222-2222-4222-8222-222222222222';

export const ANSWER = `Here is a **plan** for Saturday:

1. Ana brings the bread.
2. Ben brings the soup.

\`\`\`sh
llamactor chat --channel Kitchen
\`\`\`
`;

export interface ChannelsServer {
  url: string;
  services: MemoryServices;
  helper: AgentView;
  /** What the model has been asked, newest last. */
  asked: { messages: { role: string; content: unknown }[] }[];
  /** Sends the next piece of every answer that is open, and ends them. */
  release(): void;
  close(): Promise<void>;
}

const piece = (delta: object): string => `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n`;

/**
 * @param webDir the built page
 * @param hold answers stop after their first words until `release`
 */
export const startChannelsServer = async (webDir: string, hold = false): Promise<ChannelsServer> => {
  const asked: ChannelsServer['asked'] = [];
  const open = new Set<ServerResponse>();
  const end = (response: ServerResponse): void => {
    response.write(piece({ content: ANSWER.slice(20) }));
    response.end('data: [DONE]\n\n');
    open.delete(response);
  };
  const router: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const question = JSON.parse(body) as ChannelsServer['asked'][number] & { tools?: unknown[] };
      asked.push(question);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      // With tools it reads a file first, and deletes one.
      if (question.tools !== undefined && question.messages.every(({ role }) => role !== 'tool')) {
        const calls = ['files__read_file', 'files__delete_file'].map((name, index) => ({
          index,
          function: { name, arguments: '{"path": "dinner/guests.md"}' },
        }));
        response.end(`${piece({ tool_calls: calls })}data: [DONE]\n\n`);
        return;
      }
      response.write(piece({ reasoning_content: 'They plan a dinner. A short list will do.' }));
      response.write(piece({ content: ANSWER.slice(0, 20) }));
      open.add(response);
      response.on('close', () => open.delete(response));
      if (!hold) end(response);
    });
  });
  await new Promise<void>((done) => router.listen(0, '127.0.0.1', done));
  const routerUrl = `http://127.0.0.1:${(router.address() as AddressInfo).port}`;
  const services = createMemoryServices(['Qwen3-8B-Q4_K_M.gguf', 'SmolLM2-360M.gguf'], () => routerUrl);
  await services.models.load('Qwen3-8B-Q4_K_M', 'test');
  const server = await startTransports({
    services,
    webDir,
    routerUrl: () => routerUrl,
  });

  const { agents, channels } = services;
  const draft = (over: object): AgentDraft => AgentDraft.parse(over);
  const helper = await agents.save(
    null,
    draft({
      name: 'Helper',
      description: 'Plans and looks things up',
      model: 'Qwen3-8B-Q4_K_M',
      systemPrompt: 'You are a friendly helper in a shared kitchen. Keep answers short and use lists.',
      sampling: { temperature: 0.4 },
    }),
    'test',
  );
  const critic = await agents.save(
    null,
    draft({ name: 'Critic', description: 'Finds what is wrong', systemPrompt: 'You find what is wrong with a plan.' }),
    'test',
  );
  const common = { serverId: DEFAULT_SERVER_ID, metadata: {} };
  await channels.create({
    ...common,
    channelId: DIRECT,
    name: 'Helper',
    topic: '',
    type: 'DM',
    agents: [helper.id],
  });
  // The list is ordered by the last use, and the kitchen shall come first: in a millisecond of its own.
  const made = Date.now();
  while (Date.now() === made) await new Promise((resolve) => setImmediate(resolve));
  await channels.create({
    ...common,
    channelId: KITCHEN,
    name: 'Kitchen',
    topic: 'Who cooks, and what',
    type: 'GROUP',
    agents: [helper.id, critic.id],
  });
  const say = (entityName: string, text: string) =>
    channels.send(
      { channelId: KITCHEN, serverId: DEFAULT_SERVER_ID, text, entityId: entityName.toLowerCase(), entityName },
      'test',
    );
  await say('Ana', 'Who has time on Saturday?');
  await say('Ben', 'I do. Shall we cook something together?');
  await say('Ben', 'Soup would be nice.');

  return {
    url: server.url,
    services,
    helper,
    asked,
    release: () => [...open].forEach(end),
    async close() {
      for (const response of open) response.destroy();
      await server.close();
      router.closeAllConnections();
      await new Promise((done) => router.close(done));
    },
  };
};
