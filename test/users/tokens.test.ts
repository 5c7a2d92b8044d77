/** Users' tokens: which are taken, what they say, and the secret behind them. */
import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTokenSecret, readTokenSecret, secretOfEnvironment } from '../../src/io/users/token-secret.ts';
import { createTokens } from '../../src/io/users/tokens.ts';
import { userRefusal } from '../../src/contracts/users.ts';
import { openTokenService } from '../../src/runtime/token-service.ts';

const SECRET = 'short';
const NOW = Date.UTC(2030, 0, 1);
const tokens = createTokens({ secret: SECRET, now: () => NOW });

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** A token as another application makes one, by RFC 7515 and nothing of this product. */
const foreign = (claims: object, alg = 'HS256', secret = SECRET): string => {
  const signed = `${part({ alg })}.${part(claims)}`;
  const digest = alg.replace('HS', 'sha');
  return `${signed}.${createHmac(digest, secret).update(signed).digest('base64url')}`;
};
const refusal = async (token: string): Promise<unknown> =>
  tokens.verify(token).then(
    (user) => user,
    (error: unknown) => error,
  );
const UNAUTHORIZED = { code: 'UNAUTHORIZED', message: expect.stringMatching(/^The token .*\.$/) as string };

describe('tokens of other applications', () => {
  it.each(['HS256', 'HS384', 'HS512'])('are taken when they are signed with %s', async (alg) => {
    expect(await tokens.verify(foreign({ userId: 'ana', email: 'ana@example.org' }, alg))).toEqual({
      userId: 'ana',
      email: 'ana@example.org',
      scopes: null,
      expiresAt: null,
    });
  });

  it.each([
    [{ userId: 'a', id: 'b', sub: 'c' }, 'a'],
    [{ id: 'b', sub: 'c' }, 'b'],
    [{ sub: 'c' }, 'c'],
    [{ id: 42 }, '42'],
  ])('name their user: %j', async (claims, expected) => {
    expect(await tokens.verify(foreign(claims))).toMatchObject({ userId: expected });
  });

  it.each([
    [{ scope: 'observe infer' }, ['infer', 'observe']],
    [{ scope: 'openid profile' }, []],
    [{ scopes: ['admin', 'root'] }, ['admin']],
    [{ scopes: 7 }, []],
    [{}, null],
  ])('name their scopes: %j', async (claims, expected) => {
    expect(await tokens.verify(foreign({ sub: 'a', ...claims }))).toMatchObject({ scopes: expected });
  });

  it.each([
    ['another secret', foreign({ sub: 'a' }, 'HS256', 'other')],
    ['no signature', `${part({ alg: 'none' })}.${part({ sub: 'a' })}.`],
    ['an algorithm of public keys', `${part({ alg: 'RS256' })}.${part({ sub: 'a' })}.AAAA`],
    ['other claims than were signed', foreign({ sub: 'a' }).replace(/\..*\./, `.${part({ sub: 'b' })}.`)],
    ['no user', foreign({ email: 'ana@example.org' })],
    ['an empty user', foreign({ sub: ' ' })],
    ['a user of two lines', foreign({ sub: 'a\nb' })],
    ['a structure for a user', foreign({ sub: 'a', userId: { $ne: 1 } })],
    ['an end in the past', foreign({ sub: 'a', exp: NOW / 1000 })],
    ['a beginning in the future', foreign({ sub: 'a', nbf: NOW / 1000 + 60 })],
    ['a length that no header has', foreign({ sub: 'a', x: 'x'.repeat(10_000) })],
    ['no form', 'nonsense'],
    ['empty parts', '..'],
  ])('with %s are refused', async (_what, token) => {
    expect(await refusal(token)).toMatchObject(UNAUTHORIZED);
  });
});

describe('tokens of our own', () => {
  it('say what they were made with, to the second', async () => {
    const wanted = { userId: 'ana', email: 'a@b.org', scopes: ['observe' as const], expiresAt: NOW + 1999 };
    const { token, user } = await tokens.sign(wanted);
    expect(user).toEqual({ ...wanted, expiresAt: NOW + 1000 });
    expect(await tokens.verify(token)).toEqual(user);
    const { token: lasting } = await tokens.sign({ ...wanted, email: null, expiresAt: null });
    expect(await tokens.verify(lasting)).toMatchObject({ email: null, expiresAt: null });
  });

  it('that would have ended already are not made', async () => {
    await expect(tokens.sign({ userId: 'ana', email: null, scopes: ['infer'], expiresAt: NOW })).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
    });
  });
});

it('a token without scopes takes nothing where everybody may do everything, and operates elsewhere', () => {
  const user = { userId: 'ana', email: null, scopes: null, expiresAt: null };
  expect(userRefusal(user, 'admin', true)).toBeNull();
  expect(userRefusal(user, 'operate', false)).toBeNull();
  expect(userRefusal(user, 'admin', false)).toContain('needs admin');
  expect(userRefusal({ ...user, scopes: [] }, 'infer', true)).toContain('no scope');
});

describe('the secret', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'llamactor-secret-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is made once, for nobody else to read', async () => {
    expect(await readTokenSecret(folder)).toBeNull();
    const made = await openTokenSecret(folder);
    expect(made.length).toBeGreaterThan(80);
    expect(await openTokenSecret(folder)).toBe(made);
    expect((await stat(path.join(folder, 'jwt-secret'))).mode & 0o777).toBe(0o600);
  });

  it('that was cut short is refused with what to do, and left alone', async () => {
    const file = path.join(folder, 'jwt-secret');
    await writeFile(file, 'abc\n');
    await expect(openTokenSecret(folder)).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringContaining('remove that file') as string,
    });
    expect(await readFile(file, 'utf8')).toBe('abc\n');
  });

  it('of the environment is used in its place, with a warning when it is short', async () => {
    expect(secretOfEnvironment({ JWT_SECRET: ' ' })).toBeNull();
    const said: string[] = [];
    const service = await openTokenService({
      dataDir: folder,
      env: { JWT_SECRET: SECRET },
      log: (level, _source, message) => said.push(`${level} ${message}`),
      now: () => NOW,
    });
    expect(said).toEqual([expect.stringMatching(/^warn JWT_SECRET has 5 characters/)]);
    expect(await service.verify(foreign({ sub: 'a' }))).toMatchObject({ userId: 'a' });
    expect(await readTokenSecret(folder)).toBeNull();
  });
});
