/** The built program listening beyond this machine: nobody gets in without a key, over any door, and a key ends when it is revoked. */
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyModel } from '../support/gguf.ts';
import { realEngine, realEngineDataDir } from '../support/real-engine.ts';
import { cli, serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';

const MIB = 2 ** 20;
let folder: string;
let dataDir: string;
let env: NodeJS.ProcessEnv;
let admin: string;
let served: Served;
let last: Served | null = null;

const start = async (...args: string[]): Promise<Served> => {
  last = await serve({ dataDir, args: ['--models-dir', path.join(folder, 'models'), ...args], env });
  return last;
};
const makeKey = async (...argv: string[]): Promise<string> => {
  const made = await cli(['key', 'create', ...argv], env);
  expect(made).toMatchObject({ code: 0 });
  return made.stdout.trim();
};

beforeAll(async () => {
  const engine = await realEngine();
  folder = await mkdtemp(path.join(os.tmpdir(), 'llamactor-keys-'));
  dataDir = path.join(folder, 'data');
  await mkdir(dataDir);
  await mkdir(path.join(folder, 'models'));
  // Slow enough that an endless answer outlasts the test.
  await tinyModel(path.join(folder, 'models'), 'slow.gguf', { padToBytes: 32 * MIB, contextLength: 262_144 });
  if (engine.source === 'installed')
    await symlink(path.join(realEngineDataDir, 'engines'), path.join(dataDir, 'engines'));
  env = {
    ...(engine.source === 'installed' ? {} : { LLAMACTOR_ENGINE_PATH: engine.path }),
    LLAMACTOR_DATA_DIR: dataDir,
    NO_COLOR: '1',
  };
});
afterAll(async () => {
  last?.child.kill('SIGKILL');
  await last?.exited;
  await rm(folder, { recursive: true, force: true });
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const status = async (url: string, headers: Record<string, string> = {}): Promise<number> => {
  const reply = await fetch(url, { headers });
  await reply.arrayBuffer();
  return reply.status;
};
const chat = (url: string, headers: Record<string, string>, over: object = {}): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'slow', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 4, ...over }),
  });

describe('listening on every address', () => {
  it('refuses to start without a key, with the command that makes one', async () => {
    const argv = ['serve', '--host', '0.0.0.0', '--port', '0', '--router-port', '0'];
    const refused = await cli(argv, env);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr.trim().split('\n')).toHaveLength(1);
    expect(refused.stderr).toContain('llamactor key create');
  });

  it('starts once there is one, and says that keys are needed', async () => {
    admin = await makeKey('--name', 'me', '--scope', 'admin', '--data-dir', dataDir);
    served = await start('--host', '0.0.0.0');
    expect(served.output()).toContain('keys needed');
  });

  it('answers 401 without a key on every door, and 200 with one', async () => {
    const router = served.routerUrl.replace('localhost', '127.0.0.1');
    const doors = [`${served.url}/api/snapshot`, `${served.url}/v1/models`, `${router}/v1/models`];
    for (const door of doors) {
      expect(await status(door), door).toBe(401);
      expect(await status(door, bearer('lla_wrong')), door).toBe(401);
      expect(await status(door, bearer(admin)), door).toBe(200);
      expect(await status(door, { 'x-api-key': admin }), door).toBe(200);
    }
    expect(await status(`${router}/health`)).toBe(200);
    expect(await status(`${served.url}/`)).toBe(200);
    expect(await cli(['ps', '--url', served.url], env)).toMatchObject({ code: 1, stdout: '' });
    expect((await cli(['ps', '--url', served.url], { ...env, LLAMACTOR_KEY: admin })).code).toBe(0);
    expect((await cli(['doctor', '--url', served.url], { ...env, LLAMACTOR_KEY: admin })).stdout).toContain(
      'Nobody gets in without a key',
    );
  });

  it('a key that is revoked while it streams may finish its stream and begin nothing', async () => {
    const withKey = { ...env, LLAMACTOR_KEY: admin, LLAMACTOR_URL: served.url };
    const made = await cli(['key', 'create', '--name', 'app', '--json'], withKey);
    const { secret } = JSON.parse(made.stdout) as { secret: string };
    const router = served.routerUrl.replace('localhost', '127.0.0.1');
    const stream = await chat(router, bearer(secret), { stream: true, max_tokens: 40, ignore_eos: true });
    expect(stream.status).toBe(200);
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).done).toBe(false);
    const revoked = await fetch(`${served.url}/api/commands/keys:revoke`, {
      method: 'POST',
      headers: bearer(admin),
      body: JSON.stringify({ id: 'app' }),
    });
    expect(revoked.status).toBe(200);
    expect((await chat(router, bearer(secret))).status).toBe(401);
    expect((await chat(served.url, bearer(secret))).status).toBe(401);
    let text = '';
    for (let part = await reader.read(); !part.done; part = await reader.read())
      text += new TextDecoder().decode(part.value);
    expect(text).toContain('[DONE]');
  });

  it('a user’s token opens this port’s doors as far as its scopes go, the API with them; the other port takes keys alone', async () => {
    const withKey = { ...env, LLAMACTOR_KEY: admin, LLAMACTOR_URL: served.url };
    const token = (await cli(['token', 'create', '--user', 'ana'], withKey)).stdout.trim();
    expect(await status(`${served.url}/api/snapshot`, bearer(token))).toBe(200);
    const answer = await chat(served.url, bearer(token));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ object: 'chat.completion' });
    expect((await chat(served.routerUrl.replace('localhost', '127.0.0.1'), bearer(token))).status).toBe(401);
    const asAna = { ...env, LLAMACTOR_KEY: token, LLAMACTOR_URL: served.url };
    expect(await cli(['ps'], asAna)).toMatchObject({ code: 0 });
    expect(await cli(['key', 'list'], asAna)).toMatchObject({ code: 1, stdout: '' });
    expect(served.output()).not.toContain(token);
  });

  it('kill -9 after a key was made keeps it, and after one was revoked keeps it out', async () => {
    const withKey = { ...env, LLAMACTOR_KEY: admin, LLAMACTOR_URL: served.url };
    const kept = (await cli(['key', 'create', '--name', 'kept'], withKey)).stdout.trim();
    const ended = (await cli(['key', 'create', '--name', 'ended'], withKey)).stdout.trim();
    await cli(['key', 'revoke', 'ended'], withKey);
    served.child.kill('SIGKILL');
    await served.exited;
    served = await start('--host', '0.0.0.0');
    expect(await status(`${served.url}/v1/models`, bearer(kept))).toBe(200);
    expect(await status(`${served.url}/v1/models`, bearer(ended))).toBe(401);
    expect(await status(`${served.url}/v1/models`)).toBe(401);
  });

  it('no key is written anywhere', async () => {
    const log = await cli(['logs', '--json', '-n', '1000'], {
      ...env,
      LLAMACTOR_KEY: admin,
      LLAMACTOR_URL: served.url,
    });
    expect(log.stdout).toContain('"logs"');
    expect(log.stdout + served.output()).not.toContain(admin);
  });

  it('--no-auth lets everybody in, in so many words', async () => {
    served.child.kill('SIGTERM');
    await served.exited;
    served = await start('--host', '0.0.0.0', '--no-auth');
    expect(await status(`${served.url}/api/snapshot`)).toBe(200);
    expect(await status(`${served.routerUrl.replace('localhost', '127.0.0.1')}/v1/models`)).toBe(200);
  });
});
