/** An agent over the real llama-server whose model calls a tool: a real server of tools, asked about on a real socket. */
import { resolve } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { toolActions } from '../../src/contracts/agent-tools.ts';
import { AgentDraft, DEFAULT_SERVER_ID } from '../../src/contracts/channels.ts';
import { startEngineApp } from '../support/engine-app.ts';
import type { EngineApp } from '../support/engine-app.ts';
import { tinyModel } from '../support/gguf.ts';
import { connectClient } from '../support/socket-client.ts';
import type { TestClient } from '../support/socket-client.ts';

const DM = '11111111-1111-4111-8111-111111111111';
const SENTENCE = 'The file is gone now.';
const SERVER = resolve(import.meta.dirname, '../support/mcp-server.mjs');

let engine: EngineApp | null = null;
let client: TestClient | null = null;
afterEach(async () => {
  client?.close();
  await engine?.stop();
  [client, engine] = [null, null];
});

it('an agent’s model calls a tool, a person agrees, and the model answers', async () => {
  const toolCall = { name: 'files__delete_file', arguments: { path: 'a.txt' } };
  engine = await startEngineApp((folder) => tinyModel(folder, 'alpha.gguf', { sentence: SENTENCE, toolCall }));
  const { services, url } = engine.app;
  await services.mcp.save('files', { command: process.execPath, args: [SERVER] }, 'test');
  const draft = AgentDraft.parse({ name: 'Helper', model: 'alpha', tools: [{ tool: 'files/delete_file' }] });
  const { id } = await services.agents.save(null, draft, 'test');
  client = await connectClient(url.replace('localhost', '127.0.0.1'));
  const { socket, of } = client;
  const who = { entityId: 'ana', entityName: 'Ana' };
  socket.emit('join_channel', { channelId: DM, agentId: id, ...who, metadata: { isDm: true } });
  await client.waitFor('channel_history');
  const message = { channelId: DM, serverId: DEFAULT_SERVER_ID, text: 'Delete it, please.', messageId: 'own' };
  socket.emit('send_message', { ...message, ...who });

  const question = () => services.approvals.list('shared', 0)[0];
  await expect.poll(question, { timeout: 30_000 }).toMatchObject({ title: 'Helper wants to use files/delete_file' });
  expect(of('channelTurn').at(-1)).toMatchObject({ note: 'waits for a person’s consent to files/delete_file' });
  const asked = question();
  await services.approvals.approve(asked?.id ?? '', 'once', '', { owner: 'shared', who: 'Ben', by: 'test' });

  await expect.poll(() => of('messageComplete').length, { timeout: 30_000 }).toBe(1);
  const answer = of('messageBroadcast').findLast(({ source }) => source === 'agent');
  expect(answer?.['text']).toBe(SENTENCE);
  expect(toolActions(answer?.['actions'] as unknown[])).toMatchObject([
    { name: 'files/delete_file', arguments: { path: 'a.txt' }, status: 'done', result: 'a.txt is gone.' },
  ]);
});
