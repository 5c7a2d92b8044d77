/** `/mcp` on the control plane, asked by the protocol's own client. */
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assistantOver } from '../mcp/support.ts';
import type { Assistant } from '../mcp/support.ts';
import { startTestServer } from '../support/server.ts';

let server: Awaited<ReturnType<typeof startTestServer>>;
let assistants: Assistant[];
beforeEach(async () => {
  server = await startTestServer();
  assistants = [];
});
afterEach(async () => {
  await Promise.all(assistants.map((assistant) => assistant.close()));
  await server.close();
});

const open = async (key?: string): Promise<Assistant> => {
  const headers: Record<string, string> = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', server.url), { requestInit: { headers } });
  // The SDK's classes are written without exactOptionalPropertyTypes.
  const assistant = await assistantOver(transport);
  assistants.push(assistant);
  return assistant;
};

const keyWith = async (scope: 'observe' | 'operate'): Promise<string> => {
  const wanted = {
    name: scope,
    scopes: [scope],
    expiresAt: null,
    models: null,
    concurrency: null,
    ratePerMinute: null,
  };
  return (await server.services.keys.create(wanted, 'test')).secret;
};

it('every tool says what it does and whether it only reads', async () => {
  const { tools } = await (await open()).client.listTools();
  expect(Object.fromEntries(tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint]))).toEqual({
    status: true,
    list_models: true,
    explain_load: true,
    load_model: false,
    unload_model: false,
    list_decisions: true,
    read_logs: true,
  });
  for (const { description, inputSchema } of tools) {
    expect(description).toMatch(/\.$/);
    expect(inputSchema.type).toBe('object');
  }
});

it('lists, explains, loads and unloads', async () => {
  const { tool } = await open();
  expect((await tool('list_models')).value).toMatchObject({ models: [{ id: 'alpha' }, { id: 'beta' }, {}, {}] });
  expect((await tool('explain_load', { model: 'alpha.gguf' })).value).toMatchObject({ model: 'alpha' });
  expect((await tool('load_model', { model: 'alpha' })).value).toMatchObject({
    model: { id: 'alpha', state: 'loaded' },
  });
  expect((await tool('list_models', { state: 'loaded' })).value).toMatchObject({ models: [{ id: 'alpha' }] });
  expect((await tool('status')).value).toMatchObject({ models: { all: 4, loaded: ['alpha'] } });
  expect((await tool('unload_model', { model: 'alpha' })).value).toMatchObject({ model: { state: 'unloaded' } });
});

it('a load that takes long tells how far it is', async () => {
  const release = server.services.control.hold('alpha');
  const { client } = await open();
  const messages: (string | undefined)[] = [];
  const answer = client.callTool({ name: 'load_model', arguments: { model: 'alpha' } }, undefined, {
    onprogress: ({ message }) => {
      messages.push(message);
      release();
    },
  });
  expect(await answer).toMatchObject({ structuredContent: { model: { state: 'loaded' } } });
  expect(messages[0]).toMatch(/^alpha is loading/);
});

it('reads the log: this level and worse, oldest first, the newest of it', async () => {
  for (const [level, message] of [
    ['error', 'one'],
    ['info', 'two'],
    ['warn', 'three'],
    ['error', 'four'],
  ] as const)
    server.services.control.log(level, 'server', message);
  const { value } = await (await open()).tool('read_logs', { level: 'warn', limit: 2 });
  expect((value['entries'] as { message: string }[]).map(({ message }) => message)).toEqual(['three', 'four']);
});

describe('refusals are answers with a code', () => {
  it('a model that nobody knows', async () => {
    const answer = await (await open()).tool('load_model', { model: 'alpa' });
    expect(answer).toMatchObject({ refused: true, error: { code: 'NOT_FOUND' } });
    expect(answer.error.message).toContain('alpha');
  });

  it('a load that fails tells the cause', async () => {
    expect(await (await open()).tool('load_model', { model: 'broken' })).toMatchObject({
      refused: true,
      error: { message: expect.stringContaining('damaged') as string },
    });
  });

  it('a key that may only observe reads and loads nothing', async () => {
    const { tool } = await open(await keyWith('observe'));
    expect(await tool('list_models')).toMatchObject({ refused: false });
    expect(await tool('load_model', { model: 'alpha' })).toMatchObject({ refused: true, error: { code: 'FORBIDDEN' } });
    expect(server.services.models.find('alpha')?.state).toBe('unloaded');
  });

  it('a key that may operate loads', async () => {
    const { tool } = await open(await keyWith('operate'));
    expect(await tool('load_model', { model: 'alpha' })).toMatchObject({ refused: false });
  });
});

it('a key that does not exist is turned away before any tool', async () => {
  await expect(open('lla_nobody')).rejects.toThrow(/401|unknown/i);
});

it('input that does not fit a tool is refused by it', async () => {
  const answer = await (await open()).client.callTool({ name: 'load_model', arguments: { model: '' } });
  expect(answer.isError).toBe(true);
});

it.each(['GET', 'DELETE'])('%s is answered with 405 and what to use', async (method) => {
  const response = await fetch(new URL('/mcp', server.url), { method });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('POST');
});
