/** The built program as a person uses it, with the real llama-server. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { occupy } from '../cli/free-port.ts';
import { realEngine, realEngineDataDir } from '../support/real-engine.ts';
import { cli, serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';

let folder: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  const engine = await realEngine();
  folder = await mkdtemp(path.join(os.tmpdir(), 'llamactor-cli-'));
  await mkdir(path.join(folder, 'data'));
  // The shared install is not one executable that could be named; a data folder finds it among its own engines.
  if (engine.source === 'installed')
    await symlink(path.join(realEngineDataDir, 'engines'), path.join(folder, 'data', 'engines'));
  env = { ...(engine.source === 'installed' ? {} : { LLAMACTOR_ENGINE_PATH: engine.path }), NO_COLOR: '1' };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('without a server', () => {
  it('shows help and the version', async () => {
    const help = await cli(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('Usage: llamactor');
    expect((await cli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [['serve', '--prot', '1'], "Unknown option '--prot'. Did you mean --port?"],
    [['laod', 'x'], 'Did you mean load?'],
    [['serve', '--host', '0.0.0.0', '--port', '0'], '--no-auth'],
  ])('%j is exit code 2 with one sentence', async (argv, words) => {
    const outcome = await cli(argv, { LLAMACTOR_DATA_DIR: path.join(folder, 'unused') });
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
    expect(outcome.stderr).toContain(words);
  });

  it('a port in use is exit code 2', async () => {
    const busy = await occupy();
    const outcome = await cli(['serve', '--port', String(busy.port), '--data-dir', path.join(folder, 'data')], env);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(`port ${busy.port} on 127.0.0.1 is in use`);
    await busy.close();
    expect(await cli(['ps'], { LLAMACTOR_URL: `http://127.0.0.1:${busy.port}` })).toMatchObject({
      code: 3,
      stdout: '',
    });
  });

  it('a reader that goes away is no crash', async () => {
    const child = spawn('bash', [
      '-c',
      `"$0" "$1" completions bash | head -1; echo "\${PIPESTATUS[0]}"`,
      process.execPath,
      path.resolve('dist/llamactor.js'),
    ]);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    await new Promise((resolve) => child.on('close', resolve));
    expect(err).toBe('');
    expect(out.trim().split('\n').at(-1)).toBe('0');
  });
});

describe('a whole session', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve({ dataDir: path.join(folder, 'data'), env });
  });
  afterAll(() => {
    if (served.child.exitCode === null) served.child.kill('SIGKILL');
  });
  const ask = (...argv: string[]) => cli(argv, { ...env, LLAMACTOR_URL: served.url });
  const json = async (...argv: string[]): Promise<unknown> =>
    JSON.parse((await ask(...argv, '--json')).stdout) as unknown;

  it('prints exactly three lines on stdout', () => {
    const lines = served.output().trim().split('\n');
    expect(lines.filter((line) => /^(Dashboard|API|Models) /.test(line))).toHaveLength(3);
  });

  it('a second server on the same folder is refused with exit code 2', async () => {
    const other = await cli(
      ['serve', '--port', '0', '--router-port', '0', '--data-dir', path.join(folder, 'data')],
      env,
    );
    expect(other).toMatchObject({ code: 2, stdout: '' });
    expect(other.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('loads, shows, asks and unloads the demo model', async () => {
    expect(await json('ps')).toMatchObject({ models: [], router: { state: 'loaded' }, engine: { state: 'ready' } });
    const loaded = await ask('load', 'llamactor-demo');
    expect(loaded).toMatchObject({ code: 0 });
    expect(loaded.stdout).toContain('llamactor-demo is loaded after');
    expect(await json('ps')).toMatchObject({ models: [{ id: 'llamactor-demo', state: 'loaded', status: 'loaded' }] });
    const answer = await ask('chat', 'llamactor-demo', 'hello');
    expect(answer).toMatchObject({ code: 0 });
    expect(answer.stdout).toContain('demo model');
    expect(answer.stderr).toContain('tokens/s');
    expect(await json('explain', 'llamactor-demo')).toMatchObject({ explanation: { verdict: 'loaded' } });
    expect((await ask('doctor')).code).toBe(0);
    expect(await ask('unload', 'llamactor-demo')).toMatchObject({ code: 0, stdout: 'llamactor-demo is unloaded.\n' });
    expect((await ask('logs')).stdout).toContain('llamactor-demo');
  });

  it('chat loads what is not loaded', async () => {
    expect(await json('chat', 'llamactor-demo', 'hello')).toMatchObject({
      finishReason: 'stop',
      model: 'llamactor-demo',
    });
  });

  it('preset use restarts the router and waits for it', async () => {
    expect(await json('preset', 'use', 'default')).toMatchObject({ preset: 'default', router: { state: 'loaded' } });
    expect(await json('status')).toMatchObject({ router: { state: 'loaded' } });
  });

  it('SIGTERM is exit code 0', async () => {
    served.child.kill('SIGTERM');
    expect(await served.exited).toEqual({ code: 0, signal: null });
    expect(await ask('ps')).toMatchObject({ code: 3 });
  });
});
