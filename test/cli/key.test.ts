/** `llamactor key`, through a server and without one. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseExpiry, parseList, parseRate } from '../../src/cli/arguments.ts';
import { lockDataDir } from '../../src/io/store/data-dir-lock.ts';
import { startTestServer } from '../support/server.ts';
import { freePort } from './free-port.ts';
import { run } from './harness.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'llamactor-key-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('without a server', () => {
  it('the first key is made in the data folder, and can be listed and revoked there', async () => {
    const data = path.join(folder, 'new');
    const made = await run(['key', 'create', '--name', 'me', '--scope', 'admin', '--data-dir', data]);
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^lla_[\w-]{43}\n$/) as string });
    expect(made.err).toContain('shown only now');
    expect(await readFile(path.join(data, 'keys.json'), 'utf8')).not.toContain(made.out.trim());
    const list = await run(['key', 'list', '--data-dir', data]);
    expect(list.out).toMatch(/^ID +NAME +KEY +SCOPE/);
    expect(list.out).toMatch(/me +lla_.{4}… +admin +– +never/);
    expect(list.out).not.toContain(made.out.trim());
    expect(await run(['key', 'revoke', 'me', '--data-dir', data])).toMatchObject({ code: 0 });
    expect((await run(['key', 'list', '--json', '--data-dir', data])).json()).toEqual({ keys: [] });
    expect((await run(['key', 'revoke', 'me', '--data-dir', data])).err).toContain('There is no key "me"');
  });

  it('the usual folder is used when nobody answers at the usual address', async () => {
    const env = { LLAMACTOR_DATA_DIR: folder, PORT: String(await freePort()) };
    const made = await run(['key', 'create', '--name', 'me', '--json'], { env });
    expect(made.code).toBe(0);
    expect(made.err).toContain(`working on the data folder ${folder}`);
    expect(made.json()).toMatchObject({ key: { name: 'me', scopes: ['infer'] } });
  });

  it('a server that was named and does not answer is exit code 3', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await run(['key', 'create', '--name', 'me'], { url, env: { LLAMACTOR_DATA_DIR: folder } })).toMatchObject({
      code: 3,
      out: '',
    });
  });

  it('a folder that a server uses is left alone', async () => {
    const lock = await lockDataDir(folder);
    const outcome = await run(['key', 'create', '--name', 'me', '--data-dir', folder]);
    expect(outcome).toMatchObject({ code: 1, out: '' });
    expect(outcome.err).toContain('--url');
    await lock.release();
  });

  it.each([
    [['key', 'create'], '--name'],
    [['key', 'create', '--name', 'x', '--scope', 'root'], 'infer, observe, operate, admin'],
    [['key', 'create', '--name', 'x', '--expires', 'soon'], '30d'],
    [['key', 'create', '--name', 'x', '--rate', '0'], '1 to 100000'],
    [
      ['key', 'create', '--name', 'x', '--scope', 'admin', '--models', 'a', '--data-dir', 'new'],
      'not operate or admin',
    ],
    [['key', 'create', '--name', 'x', '--expires', '2020-01-01', '--data-dir', 'new'], 'expired already'],
    [['key', 'reovke', 'x'], 'did you mean revoke'],
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

  it('makes, lists and revokes; a server that needs keys is told one by --key or LLAMACTOR_KEY', async () => {
    const { url } = server;
    const argv = ['key', 'create', '--name', 'ci', '--scope', 'admin', '--expires', '30d', '--json'];
    const made = (await run(argv, { url })).json() as { secret: string; key: { id: string; expiresAt: number } };
    expect(made.key.expiresAt - Date.now()).toBeGreaterThan(29 * 86_400_000);
    const limits = ['--models', 'alpha, beta', '--concurrency', '2', '--rate', '60/min'];
    expect((await run(['key', 'create', '--name', 'app', ...limits], { url })).code).toBe(0);

    server.services.control.keys.require(true);
    const refused = await run(['key', 'list'], { url });
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('--key or LLAMACTOR_KEY');
    const list = await run(['key'], { url, env: { LLAMACTOR_KEY: made.secret } });
    expect(list.out).toMatch(/app .* infer +alpha, beta; 2 at once; 60\/min +never/);
    expect((await run(['--key', made.secret, 'key', 'revoke', 'app'], { url })).out).toContain('Revoked the key app');
    expect((await run(['--key', 'lla_wrong', 'ps'], { url })).err).toContain('unknown or was revoked');
    expect((await run(['--key', made.secret, 'ps'], { url })).code).toBe(0);
  });
});

describe('words of the command line', () => {
  it('times', () => {
    expect(parseExpiry('30d')(1)).toBe(30 * 86_400_000 + 1);
    expect(parseExpiry('12h')(0)).toBe(43_200_000);
    expect(parseExpiry('2030-01-31')(0)).toBe(Date.UTC(2030, 0, 31));
    expect(parseExpiry('2030-01-31T12:00:00Z')(0)).toBe(Date.UTC(2030, 0, 31, 12));
    for (const text of ['0d', '30', 'd', '30x', '31.1.2030', '2030-13-01'])
      expect(() => parseExpiry(text), text).toThrow();
  });
  it('lists and rates', () => {
    expect(parseList(' a, b,,c ')).toEqual(['a', 'b', 'c']);
    expect(() => parseList(' , ')).toThrow();
    expect([parseRate('60'), parseRate('60/min'), parseRate('5/m')]).toEqual([60, 60, 5]);
    expect(() => parseRate('60/h')).toThrow();
  });
});
