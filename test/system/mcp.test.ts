/** `llamactor mcp` as an assistant runs it: a child process on stdin and stdout, against a real server. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../cli/free-port.ts';
import { assistantOver } from '../mcp/support.ts';
import type { Assistant } from '../mcp/support.ts';
import { FAKE_ENGINE, gone } from '../support/fake-app.ts';
import { headerModel } from '../support/gguf.ts';
import { cli, serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../dist/llamactor.js');
let folder: string;
let served: Served;
const keys: Record<string, string> = {};
const running: Assistant[] = [];

const start = (port: number): Promise<Served> =>
  serve({
    dataDir: path.join(folder, 'data'),
    args: ['--models-dir', path.join(folder, 'models'), '--no-web', '--port', String(port)],
    env: { LLAMACTOR_ENGINE_PATH: FAKE_ENGINE },
  });

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'llamactor-mcp-'));
  await mkdir(path.join(folder, 'models'));
  await headerModel(path.join(folder, 'models'), 'alpha.gguf');
  for (const scope of ['observe', 'operate']) {
    const made = await cli([
      'key',
      'create',
      '--name',
      scope,
      '--scope',
      scope,
      '--data-dir',
      path.join(folder, 'data'),
    ]);
    keys[scope] = made.stdout.trim();
  }
  served = await start(0);
});
afterEach(() => Promise.all(running.splice(0).map((assistant) => assistant.close())));
afterAll(async () => {
  served.child.kill('SIGTERM');
  await served.exited;
  await rm(folder, { recursive: true, force: true });
});

/** As in the snippet of the README: the program, the address and the key in the environment. */
const open = async (url: string, key?: string): Promise<Assistant & { pid: number }> => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [PROGRAM, 'mcp'],
    env: { LLAMACTOR_URL: url, ...(key === undefined ? {} : { LLAMACTOR_KEY: key }) },
  });
  const assistant = await assistantOver(transport);
  running.push(assistant);
  return { ...assistant, pid: transport.pid ?? 0 };
};

it('loads and unloads a model, and reads what happened', async () => {
  const { tool, client } = await open(served.url, keys['operate']);
  expect((await tool('status')).value).toMatchObject({ models: { all: 1, loaded: [] } });
  expect((await tool('explain_load', { model: 'alpha' })).value).toMatchObject({ verdict: 'fits' });
  expect((await tool('load_model', { model: 'alpha' })).value).toMatchObject({ model: { state: 'loaded' } });
  const { value } = await tool('list_decisions');
  expect(value['decisions']).toMatchObject([{ kind: 'admitted', model: 'alpha' }]);
  expect((await tool('unload_model', { model: 'alpha' })).value).toMatchObject({ model: { state: 'unloaded' } });
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('read_logs');
});

describe('the scopes of its key hold', () => {
  it('observe: reads, and is refused a load with a code', async () => {
    const { tool } = await open(served.url, keys['observe']);
    expect(await tool('list_models')).toMatchObject({ refused: false, value: { models: [{ id: 'alpha' }] } });
    const refused = await tool('load_model', { model: 'alpha' });
    expect(refused).toMatchObject({ refused: true, error: { code: 'FORBIDDEN' } });
    expect(refused.error.message).toContain('needs operate');
    expect((await tool('list_models', { state: 'unloaded' })).value).toMatchObject({ models: [{ id: 'alpha' }] });
  });

  it('a key that does not exist', async () => {
    const { tool } = await open(served.url, 'lla_nobody');
    expect(await tool('status')).toMatchObject({ refused: true, error: { code: 'UNAUTHORIZED' } });
  });
});

it('is there before the server and goes on after its restart', async () => {
  const port = await freePort();
  const { tool } = await open(`http://127.0.0.1:${port}`, keys['operate']);
  const early = await tool('status');
  expect(early).toMatchObject({ refused: true, error: { code: 'UPSTREAM_FAILED' } });
  expect(early.error.message).toContain('llamactor serve');
  for (let round = 0; round < 2; round += 1) {
    served.child.kill('SIGTERM');
    await served.exited;
    served = await start(port);
    await vi.waitFor(async () => expect(await tool('status')).toMatchObject({ refused: false }), { timeout: 10_000 });
  }
});

it('ends with its assistant', async () => {
  const assistant = await open(served.url);
  expect(await assistant.tool('status')).toMatchObject({ refused: false });
  await assistant.close();
  await gone(assistant.pid);
});
