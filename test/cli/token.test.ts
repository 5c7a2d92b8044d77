/** `llamactor token`, through a server and without one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lockDataDir } from '../../src/io/store/data-dir-lock.ts';
import { openTokenSecret } from '../../src/io/users/token-secret.ts';
import { createTokens } from '../../src/io/users/tokens.ts';
import { startTestServer } from '../support/server.ts';
import { connectClient } from '../support/socket-client.ts';
import { freePort } from './free-port.ts';
import { run } from './harness.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'llamactor-token-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const verify = (secret: string, token: string) => createTokens({ secret, now: Date.now }).verify(token.trim());

describe('without a server', () => {
  it('signs with the secret of the data folder, which is made first', async () => {
    const data = path.join(folder, 'new');
    const flags = ['--user', 'ana', '--email', 'ana@example.org', '--scope', 'observe,infer', '--expires', '12h'];
    const made = await run(['token', 'create', ...flags, '--data-dir', data]);
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^eyJ[\w.-]+\n$/) as string });
    expect(made.err).toMatch(/ana \(observe, infer\) and expires at \d{4}-/);
    const user = await verify(await openTokenSecret(data), made.out);
    expect(user).toMatchObject({ userId: 'ana', email: 'ana@example.org', scopes: ['infer', 'observe'] });
    const hours = ((user.expiresAt ?? 0) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11.9);
    expect(hours).toBeLessThanOrEqual(12);
  });

  it('signs beside a running server, whose folder is only read', async () => {
    const secret = await openTokenSecret(folder);
    const lock = await lockDataDir(folder);
    const made = await run(['token', 'create', '--user', 'ana', '--json', '--data-dir', folder]);
    expect(made.code).toBe(0);
    const { token, user } = made.json() as { token: string; user: object };
    expect(user).toEqual({ userId: 'ana', email: null, scopes: ['operate'], expiresAt: null });
    expect(await verify(secret, token)).toMatchObject({ userId: 'ana' });
    await lock.release();
  });

  it('signs with JWT_SECRET where that is set', async () => {
    const env = { JWT_SECRET: 'of the environment', LLAMACTOR_DATA_DIR: folder, PORT: String(await freePort()) };
    const made = await run(['token', 'create', '--user', 'ana'], { env });
    expect(made.err).toContain('No server answers');
    expect(await verify('of the environment', made.out)).toMatchObject({ userId: 'ana' });
  });

  it.each([
    [['token', 'create'], '--user'],
    [['token', 'create', '--user', 'a', '--scope', 'root'], 'infer, observe, operate, admin'],
    [['token', 'create', '--user', ' ', '--data-dir', 'new'], 'Invalid userId'],
    [['token', 'create', '--user', 'a', '--email', 'x', '--data-dir', 'new'], 'Invalid email'],
    [['token', 'create', '--user', 'a', '--expires', '2020-01-01', '--data-dir', 'new'], 'expired already'],
    [['token', 'craete'], 'did you mean create'],
  ])('%j is wrong usage', async (argv, words) => {
    const outcome = await run(argv, { cwd: folder });
    expect(outcome).toMatchObject({ code: 2, out: '' });
    expect(outcome.err).toContain(words);
  });
});

describe('through a server', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  it('makes a token that this server takes', async () => {
    const made = await run(['token', 'create', '--user', 'ana'], { url: server.url });
    expect(made.code).toBe(0);
    const client = await connectClient(server.url, { auth: { token: made.out.trim() } });
    expect(await client.waitFor('authenticated')).toMatchObject({ userId: 'ana' });
    client.close();
  });

  it('needs the scope admin', async () => {
    const { out } = await run(['token', 'create', '--user', 'ana'], { url: server.url });
    const second = await run(['--key', out.trim(), 'token', 'create', '--user', 'bo'], { url: server.url });
    expect(second).toMatchObject({ code: 1, out: '' });
    expect(second.err).toContain('needs admin');
  });
});
