import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer } from '../support/server.ts';
import { run } from './harness.ts';

let server: Awaited<ReturnType<typeof startTestServer>>;
let folder: string;
beforeEach(async () => {
  server = await startTestServer();
  folder = await mkdtemp(path.join(tmpdir(), 'llamactor-cli-mcp-'));
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const cli = (...argv: string[]) => run(argv, { url: server.url });
const text = (part: string): string => expect.stringContaining(part) as string;

describe('llamactor mcp-servers', () => {
  it('adds, lists, starts, tries, stops and removes a server', async () => {
    expect(await cli('mcp-servers')).toMatchObject({ code: 0, out: text('mcp-servers add NAME COMMAND') });
    const added = await cli(
      'mcp-servers',
      'add',
      'files',
      '--env',
      'TOKEN=a=b',
      '--',
      'files-server',
      '--root',
      '/tmp',
    );
    expect(added).toMatchObject({ code: 0, out: text('Saved the MCP server files') });
    expect(server.services.mcp.list()).toMatchObject([
      { name: 'files', command: 'files-server', args: ['--root', '/tmp'], env: ['TOKEN'] },
    ]);
    expect((await cli('mcp-servers', 'list')).out).toMatch(/files\s+stopped\s+–\s+files-server --root \/tmp/);
    expect((await cli('mcp-servers', 'start', 'files')).out).toContain('ready, with 1 tools');
    expect((await cli('mcp-servers', 'tools', 'files')).out).toMatch(/files\/echo\s+reads only\s+Says the same\./);
    expect(await cli('mcp-servers', 'call', 'files/echo', '{"text": "hello"}')).toMatchObject({
      code: 0,
      out: '{"text":"hello"}\n',
    });
    expect((await cli('mcp-servers', 'stop', 'files')).code).toBe(0);
    expect(await cli('mcp-servers', 'remove', 'files')).toMatchObject({ code: 0, out: text('Removed') });
    expect(await cli('mcp-servers', 'start', 'files')).toMatchObject({ code: 1, out: '' });
  });

  it('adds one at an address with its headers', async () => {
    await cli('mcp-servers', 'add', 'remote', 'https://example.org/mcp', '--header', 'Authorization: Bearer x');
    expect(server.services.mcp.list()).toMatchObject([
      { transport: 'http', url: 'https://example.org/mcp', headers: ['Authorization'] },
    ]);
  });

  it('takes over another assistant’s file', async () => {
    const file = path.join(folder, 'claude.json');
    await writeFile(file, '{"mcpServers": {"notes": {"command": "notes"}}}');
    expect(await cli('mcp-servers', 'import', file)).toMatchObject({ code: 0, out: 'Added: notes\n' });
  });

  it.each([
    [['add', 'x', 'https://example.org', '--env', 'A=b'], '--header'],
    [['add', 'x', 'command', '--header', 'A: b'], '--env'],
    [['add', 'x', 'command', '--env', 'nothing'], 'NAME=value'],
    [['call', 'files'], 'server/tool'],
    [['call', 'files/echo', '[1]'], 'JSON object'],
    [['import', '/no/such/file'], 'cannot be read'],
  ])('refuses %j with a word about what to do', async (argv, hint) => {
    expect(await cli('mcp-servers', ...argv)).toMatchObject({ code: 2, out: '', err: text(hint) });
  });

  it('has agents use tools', async () => {
    await cli('agents', 'set', 'Ada', '--tool', 'files', '--tool', 'files/delete_*=deny', '--trust-read-only');
    expect((await cli('agents', 'show', 'Ada')).out).toMatch(/files, files\/delete_\*=deny; those that only read/);
    await cli('agents', 'set', 'Ada', '--description', 'Helps.');
    expect(server.services.agents.get('Ada').tools).toHaveLength(2);
    await cli('agents', 'set', 'Ada', '--no-tools', '--no-trust-read-only');
    expect(server.services.agents.get('Ada')).toMatchObject({ tools: [], trustReadOnly: false });
    expect(await cli('agents', 'set', 'Ada', '--tool', 'files=maybe')).toMatchObject({ code: 2, err: text('maybe') });
  });
});
