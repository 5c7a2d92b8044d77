import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodedError } from '../../src/contracts/errors.ts';
import type { McpServerView } from '../../src/contracts/mcp.ts';
import { openMcp } from '../../src/runtime/mcp/open-mcp.ts';
import { processStartTime } from '../../src/io/processes/process-identity.ts';
import { startHttpMcp } from '../support/mcp-http.ts';
import { isAlive, openTestMcp } from './harness.ts';
import type { Fault, TestMcp } from './harness.ts';

let test: TestMcp;
beforeEach(async () => {
  test = await openTestMcp();
});
afterEach(() => test.end());

const save = (fault: Fault, name = 'files', more = {}): Promise<McpServerView> =>
  test.service.save(name, test.draft(fault, more), 'test');
const call = (tool: string, args: Record<string, unknown> = {}, signal?: AbortSignal) =>
  test.service.call({ server: 'files', tool, arguments: args }, 'test', signal);
const state = (name = 'files'): McpServerView =>
  test.service.list().find((each) => each.name === name) as McpServerView;
const refused = async (work: Promise<unknown>): Promise<CodedError> => {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CodedError)) throw new Error(`It was not refused: ${String(error)}`);
  return error;
};

describe('a server that is a process', () => {
  it('starts, tells its tools, answers, and stops', async () => {
    expect(await save('good')).toMatchObject({ name: 'files', state: 'stopped', tools: null });
    const ready = await test.service.start('files', 'test');
    expect(ready).toMatchObject({ state: 'ready', title: 'files-server', version: '1.2.3', failure: null });
    expect(test.service.tools('files').map(({ name }) => name)).toContain('read_file');
    expect(test.service.tools('files').find(({ name }) => name === 'read_file')).toMatchObject({
      server: 'files',
      readOnly: true,
      description: 'Reads a file.',
      inputSchema: { type: 'object', required: ['path'] },
    });
    expect(await call('read_file', { path: 'a.txt' })).toMatchObject({ isError: false, text: 'The content of a.txt.' });
    const pid = ready.pid as number;
    expect((await test.pids.list()).map(({ owner }) => owner)).toEqual(['mcp:files']);
    expect(await test.service.stop('files', 'test')).toMatchObject({ state: 'stopped', pid: null, tools: ready.tools });
    expect(isAlive(pid)).toBe(false);
    expect(await test.pids.list()).toEqual([]);
    const states = test.changes.flatMap((change) => (change.kind === 'mcp' ? (change.servers[0]?.state ?? []) : []));
    expect([...new Set(states)]).toEqual(['stopped', 'starting', 'ready', 'stopping']);
  });

  it('is started by the first call of a tool', async () => {
    await save('good');
    expect((await call('read_file', { path: 'b' })).text).toBe('The content of b.');
    expect(state().state).toBe('ready');
  });

  it('gets the variables that are named for it and no others of ours', async () => {
    vi.stubEnv('JWT_SECRET', 'not-for-children');
    vi.stubEnv('MY_PASSWORD', 'correct horse battery');
    await save('good', 'files', { env: { FILES_TOKEN: '${MY_PASSWORD}', PLAIN: 'yes' } });
    const names = (await call('environment')).text.split(' ');
    expect(names).toEqual(expect.arrayContaining(['FILES_TOKEN', 'PLAIN', 'PATH']));
    expect(names).not.toContain('JWT_SECRET');
    expect(names).not.toContain('MY_PASSWORD');
  });

  it('is refused a variable that is not there, and says which', async () => {
    await save('good', 'files', { env: { FILES_TOKEN: '${NO_SUCH_VARIABLE_HERE}' } });
    const error = await refused(test.service.start('files', 'test'));
    expect(error.message).toContain('NO_SUCH_VARIABLE_HERE');
    expect(state()).toMatchObject({ state: 'failed', retryAt: null });
  });

  it('never shows a value of its environment, nor what looks like a secret in its arguments', async () => {
    const secret = 'dontshowthistoanybody';
    const shown = await save('good', 'files', {
      args: [...(test.draft('good') as { args: string[] }).args, '--api-key', secret, `--token=${secret}`],
      env: { FILES_TOKEN: secret },
    });
    await test.service.start('files', 'test');
    const { root } = test;
    const everything = JSON.stringify([shown, test.service.list(), test.changes, test.logged, root.getSnapshot()]);
    expect(everything).not.toContain(secret);
    expect(test.logged.join('\n')).toContain('Serving with the token [hidden]');
    // Saved as it is shown, it stays as it was; the value is kept by null.
    await test.service.save(
      'files',
      { command: shown.command ?? '', args: shown.args, env: { FILES_TOKEN: null } },
      'test',
    );
    const stored = await readFile(path.join(test.dataDir, 'mcp-servers.json'), 'utf8');
    expect(stored.split(secret)).toHaveLength(4);
    expect((await refused(test.service.save('other', { command: 'x', env: { A: null } }, 'test'))).code).toBe(
      'INVALID_PAYLOAD',
    );
  });

  it('that does not exist fails for good with the cause', async () => {
    await test.service.save('files', { command: '/no/such/program' }, 'test');
    const error = await refused(test.service.start('files', 'test'));
    expect(error).toMatchObject({
      code: 'UPSTREAM_FAILED',
      message: expect.stringContaining('/no/such/program') as string,
    });
    expect(state()).toMatchObject({ state: 'failed', failure: { code: 'SPAWN_FAILED' } });
  });

  it('that ends at once is tried again, and its last words are the cause', async () => {
    await save('exit');
    const error = await refused(test.service.start('files', 'test'));
    expect(error.message).toContain('The licence has expired.');
    await vi.waitFor(() => expect(state().state).toBe('failed'), 20_000);
    expect(state()).toMatchObject({ restarts: 5, failure: { code: 'CRASHED', exitCode: 3 } });
    expect((await test.noted()).length).toBe(6);
  });

  it('that crashes in a call tells so, and is there again', async () => {
    await save('good');
    const error = await refused(call('crash'));
    expect(error.code).toBe('UPSTREAM_FAILED');
    await vi.waitFor(() => expect(state()).toMatchObject({ state: 'ready', restarts: 1, failure: null }), 20_000);
    expect(test.logged.join('\n')).toContain('Something went badly wrong.');
  });

  it('that hangs at its greeting is ended and not left behind', async () => {
    await test.end();
    test = await openTestMcp({ limits: { startMs: 5000, leaveMs: 100, stopMs: 300, killMs: 5000 } });
    await save('stubborn');
    const error = await refused(test.service.start('files', 'test'));
    expect(error.message).toContain('within 5 s');
    await test.service.stop('files', 'test');
    const pids = (await test.noted()).flatMap((line) => (line.startsWith('started ') ? [Number(line.slice(8))] : []));
    expect(pids.length).toBeGreaterThan(0);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('that writes nonsense besides its messages works all the same', async () => {
    await save('garbage');
    expect((await call('read_file', { path: 'c' })).text).toContain('c');
    expect(test.logged.filter((line) => line.includes('no message'))).not.toEqual([]);
  });

  it('whose tools change is asked for them again', async () => {
    await save('changing');
    const before = (await test.service.start('files', 'test')).tools as number;
    await call('grow');
    await vi.waitFor(() => expect(state().tools).toBe(before + 1), 20_000);
    expect((await call('grown')).text).toBe('Here I am.');
  });

  it('may say much, of which a bounded part leaves the server', async () => {
    await save('good');
    const result = await call('huge');
    expect(result).toMatchObject({ isError: false, cut: true });
    expect(result.text.length).toBe(200_000);
    expect(state().state).toBe('ready');
  });

  it('says itself that a tool failed, or that it knows it not', async () => {
    await save('good');
    expect(await call('fail')).toMatchObject({ isError: true, text: 'The disk is full.' });
    expect(await call('read_file', { path: 3 })).toMatchObject({ isError: true });
    const error = await refused(call('read_fil'));
    expect(error).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('read_file') as string });
  });

  it('is told when a call is given up', async () => {
    await save('good');
    const cancel = new AbortController();
    const calling = call('slow', {}, cancel.signal);
    await vi.waitFor(async () => expect(await test.noted()).toContain('slow began'), 20_000);
    cancel.abort(new Error('enough'));
    await expect(calling).rejects.toThrow('enough');
    await vi.waitFor(async () => expect(await test.noted()).toContain('slow was cancelled'), 20_000);
    expect(state().state).toBe('ready');
  });

  it('whose call takes too long is told so, and stays', async () => {
    await save('good', 'files', { timeout: 1 });
    expect((await refused(call('slow'))).code).toBe('TIMEOUT');
    expect((await call('read_file', { path: 'd' })).text).toContain('d');
  });

  it('takes what it started with it, also what has left its process group', async () => {
    await save('grandchild');
    await test.service.start('files', 'test');
    const line = (await test.noted()).find((each) => each.startsWith('grandchild ')) ?? '';
    const pid = Number(line.slice('grandchild '.length));
    expect(await processStartTime(pid)).not.toBeNull();
    await test.service.stop('files', 'test');
    // Where nobody collects it, it stays as a zombie, which does not run.
    await vi.waitFor(async () => expect(await processStartTime(pid)).toBeNull(), 20_000);
  });

  it('that is killed shows so and is started again', async () => {
    await save('good');
    const { pid } = await test.service.start('files', 'test');
    process.kill(pid as number, 'SIGKILL');
    await vi.waitFor(() => expect(state()).toMatchObject({ state: 'ready', restarts: 1 }), 20_000);
    expect(state().pid).not.toBe(pid);
  });

  it('that does not answer any more is started again', async () => {
    await test.end();
    test = await openTestMcp({ health: { pollMs: 50, patienceMs: 300 } });
    await save('good');
    const { pid } = await test.service.start('files', 'test');
    process.kill(pid as number, 'SIGSTOP');
    await vi.waitFor(() => expect(state()).toMatchObject({ state: 'ready', restarts: 1 }), 20_000);
    expect(isAlive(pid as number)).toBe(false);
  });
});

describe('definitions', () => {
  it('are on disk when they are acknowledged, and there again after a start', async () => {
    await save('good', 'files', { autoStart: true });
    await save('good', 'other', { disabled: true });
    const again = await openMcp({ ...test.options, dataDir: test.dataDir });
    try {
      expect(again.service.list().map(({ name }) => name)).toEqual(['files', 'other']);
      await again.begin();
      await vi.waitFor(() => expect(again.service.list()[0]?.state).toBe('ready'), 20_000);
      expect((await refused(again.service.start('other', 'test'))).code).toBe('INVALID_STATE');
    } finally {
      await again.drain();
      await again.close();
    }
  });

  it('that are changed are taken over by what runs', async () => {
    await save('good');
    const { pid } = await test.service.start('files', 'test');
    await save('good', 'files', { env: { ADDED: 'yes' } });
    expect((await call('environment')).text).toContain('ADDED');
    expect(state().pid).not.toBe(pid);
  });

  it('that are removed leave nothing', async () => {
    await save('good');
    const { pid } = await test.service.start('files', 'test');
    await test.service.remove('files', 'test');
    expect(isAlive(pid as number)).toBe(false);
    expect(test.service.list()).toEqual([]);
    expect(test.service.tools()).toEqual([]);
    expect((await refused(test.service.remove('files', 'test'))).code).toBe('NOT_FOUND');
  });

  it('are taken over from another assistant’s file, and what cannot be is named', async () => {
    await save('good');
    const json = JSON.stringify({
      globalShortcut: '',
      mcpServers: {
        files: { command: 'other' },
        notes: { command: 'npx', args: ['-y', 'notes'], env: { KEY: 'v' }, alwaysAllow: ['read'] },
        remote: { type: 'http', url: 'https://example.org/mcp', headers: { Authorization: 'Bearer x' } },
        older: { serverUrl: 'https://example.org/sse' },
        off: { command: 'x', disabled: true },
        empty: {},
        wrong: { command: 'x', args: 'not a list' },
        '../bad': { command: 'x' },
      },
    });
    const first = await test.service.import({ json, replace: false }, 'test');
    expect(first.added).toEqual(['notes', 'remote', 'older', 'off']);
    expect(first.skipped.map(({ name }) => name).toSorted()).toEqual(['../bad', 'empty', 'files', 'wrong']);
    expect(first.skipped.find(({ name }) => name === 'wrong')?.reason).toContain('args');
    const second = await test.service.import({ json, replace: true }, 'test');
    expect(second).toMatchObject({ added: [], changed: ['files'] });
    expect((await refused(test.service.import({ json: '{}', replace: false }, 'test'))).code).toBe('INVALID_PAYLOAD');
  });
});

describe('a server at an address', () => {
  it.each(['streamable', 'sse'] as const)('that speaks %s is greeted, called and left', async (kind) => {
    const server = await startHttpMcp(kind, 'Bearer open-sesame');
    try {
      await test.service.save('files', { url: server.url, headers: { Authorization: 'Bearer open-sesame' } }, 'test');
      expect(await call('echo', { text: 'hello' })).toMatchObject({ isError: false, text: 'hello' });
      expect(state()).toMatchObject({ state: 'ready', transport: 'http', pid: null, headers: ['Authorization'] });
      expect(JSON.stringify([test.service.list(), test.logged])).not.toContain('sesame');
      expect((await test.service.stop('files', 'test')).state).toBe('stopped');
    } finally {
      await server.close();
    }
  });

  it('that refuses us is not tried again', async () => {
    const server = await startHttpMcp('streamable', 'Bearer open-sesame');
    try {
      await test.service.save('files', { url: server.url, headers: { Authorization: 'Bearer wrong' } }, 'test');
      const error = await refused(test.service.start('files', 'test'));
      expect(error.message).toContain('401');
      expect(state().state).toBe('failed');
    } finally {
      await server.close();
    }
  });

  it('that goes away is called again when it is back', async () => {
    await test.end();
    test = await openTestMcp({
      health: { pollMs: 50, patienceMs: 500 },
      policy: { budget: 100, windowMs: 60_000, firstDelayMs: 50, maxDelayMs: 100 },
    });
    let server = await startHttpMcp('streamable', null);
    await test.service.save('files', { url: server.url, type: 'http' }, 'test');
    await test.service.start('files', 'test');
    await server.close();
    await vi.waitFor(() => expect(state().state).toBe('backoff'), 20_000);
    expect(state().failure?.message).toMatch(/answer|reached/);
    server = await startHttpMcp('streamable', null, server.port);
    await vi.waitFor(() => expect(state().state).toBe('ready'), 20_000);
    await server.close();
  });

  it('that never answers is given up in time', async () => {
    await test.end();
    test = await openTestMcp({ limits: { startMs: 500, leaveMs: 100, stopMs: 300, killMs: 5000 } });
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as AddressInfo;
    await test.service.save('files', { url: `http://127.0.0.1:${port}/mcp` }, 'test');
    expect((await refused(test.service.start('files', 'test'))).code).toBe('UPSTREAM_FAILED');
    silent.closeAllConnections();
    silent.close();
  });
});
