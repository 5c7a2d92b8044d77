/** The rule by which both planes let somebody in. */
import { describe, expect, it } from 'vitest';
import {
  allowsModel,
  announcesKey,
  chooseToken,
  grants,
  KEY_PREFIX,
  Keyring,
  SCOPES,
  tokenOf,
} from '../../src/contracts/keys.ts';
import type { CheckedKey, Digests } from '../../src/contracts/keys.ts';
import { digests, hintOf, newSecret } from '../../src/io/keys/secret.ts';
import { digests as routerDigests } from '../../src/router/digests.ts';

const SECRET = newSecret();
const key = (over: Partial<CheckedKey> = {}): CheckedKey => ({
  id: 'k1',
  name: 'ana',
  hash: digests.of(SECRET),
  scopes: ['infer'],
  models: null,
  expiresAt: null,
  concurrency: null,
  ratePerMinute: null,
  ...over,
});
const ring = (required: boolean, keys: CheckedKey[] = [key()], by: Digests = digests): Keyring => {
  const made = new Keyring(by);
  made.replace(required, keys);
  return made;
};

describe('scopes', () => {
  it.each([
    ['infer', ['infer']],
    ['observe', ['observe']],
    ['operate', ['infer', 'observe', 'operate']],
    ['admin', ['infer', 'observe', 'operate', 'admin']],
  ] as const)('%s may %j and nothing else', (scope, may) => {
    expect(SCOPES.filter((wanted) => grants([scope], wanted))).toEqual(may);
  });
});

describe('what a request carries', () => {
  it.each([
    [{}, null],
    [{ authorization: `Bearer ${SECRET}` }, SECRET],
    [{ authorization: `bearer   ${SECRET} ` }, SECRET],
    [{ 'x-api-key': SECRET }, SECRET],
    [{ 'x-api-key': [SECRET, 'other'] }, SECRET],
    [{ authorization: 'Bearer not-needed', 'x-api-key': SECRET }, SECRET],
    [{ authorization: 'Bearer not-needed' }, 'not-needed'],
    [{ authorization: 'Basic dTpw' }, null],
    [{ authorization: '' }, null],
  ])('%j', (headers, token) => expect(tokenOf(headers)).toBe(token));

  it('of several texts the one that looks like a key counts', () => {
    expect(chooseToken([undefined, 7, '', 'eyJ.x.y', SECRET])).toBe(SECRET);
    expect(chooseToken([null, {}])).toBeNull();
  });

  it('a preflight announces a key by the header it asks for', () => {
    expect(announcesKey('content-type, Authorization')).toBe(true);
    expect(announcesKey('x-api-key')).toBe(true);
    expect(announcesKey('content-type, x-authorization')).toBe(false);
    expect(announcesKey(undefined)).toBe(false);
  });
});

describe('identity', () => {
  it('where no key is needed: nobody, a placeholder of an OpenAI client, a valid key, a wrong one', () => {
    const keyring = ring(false);
    expect(keyring.identify(null, 0)).toEqual({ kind: 'anonymous' });
    expect(keyring.identify('not-needed', 0)).toEqual({ kind: 'anonymous' });
    expect(keyring.identify(SECRET, 0)).toMatchObject({ kind: 'key', key: { id: 'k1' } });
    expect(keyring.identify(newSecret(), 0)).toMatchObject({ kind: 'refused' });
  });

  it('where one is needed: only a valid key', () => {
    const keyring = ring(true);
    for (const token of [null, 'not-needed', newSecret(), KEY_PREFIX, `${KEY_PREFIX}${'x'.repeat(10_000)}`])
      expect(keyring.identify(token, 0), String(token)).toMatchObject({ kind: 'refused' });
    expect(keyring.identify(SECRET, 0)).toMatchObject({ kind: 'key' });
  });

  it('an expired key is told so, from the very moment on', () => {
    const keyring = ring(false, [key({ expiresAt: 1000 })]);
    expect(keyring.identify(SECRET, 999)).toMatchObject({ kind: 'key' });
    expect(keyring.identify(SECRET, 1000)).toMatchObject({
      message: expect.stringContaining('"ana" expired') as string,
    });
    expect(keyring.byId('k1', 999)).not.toBeNull();
    expect(keyring.byId('k1', 1000)).toBeNull();
  });

  it('a revoked key is unknown at once', () => {
    const keyring = ring(false);
    keyring.replace(false, []);
    expect(keyring.identify(SECRET, 0)).toMatchObject({ kind: 'refused' });
    expect(keyring.byId('k1', 0)).toBeNull();
  });

  it('compares whole digests in constant time, and hashes a token once', () => {
    const calls: string[] = [];
    const counted: Digests = {
      of: (text) => {
        calls.push('of');
        return digests.of(text);
      },
      same: (a, b) => {
        calls.push(`same ${a.length} ${b.length}`);
        return digests.same(a, b);
      },
    };
    ring(true, [key()], counted).identify(SECRET, 0);
    expect(calls).toEqual(['of', 'same 64 64']);
    // Were the lookup ever to return another key, the comparison would refuse it.
    const lying: Digests = { of: digests.of, same: () => false };
    expect(ring(true, [key()], lying).identify(SECRET, 0)).toMatchObject({ kind: 'refused' });
  });

  it('costs microseconds', () => {
    const keyring = ring(
      true,
      Array.from({ length: 1000 }, (_, n) => key({ id: `k${n}`, hash: digests.of(`${n}`) })),
    );
    const started = performance.now();
    for (let n = 0; n < 20_000; n++) keyring.identify(SECRET, 0);
    // About one on a free core; the bound only tells it from a slow hash or a search.
    expect((performance.now() - started) / 20_000).toBeLessThan(0.1);
  });
});

describe('secrets', () => {
  it('are 256 random bits after a prefix, and their hint gives four characters away', () => {
    expect(SECRET).toMatch(/^lla_[\w-]{43}$/);
    expect(newSecret()).not.toBe(newSecret());
    expect(hintOf(SECRET)).toBe(`${SECRET.slice(0, 8)}…`);
  });

  it('have one digest on both planes', () => {
    expect(routerDigests.of(SECRET)).toBe(digests.of(SECRET));
    for (const { same } of [digests, routerDigests]) {
      expect(same(digests.of('a'), digests.of('a'))).toBe(true);
      expect(same(digests.of('a'), digests.of('b'))).toBe(false);
      expect(same('short', digests.of('b'))).toBe(false);
    }
  });
});

it('a model list goes by any name, whatever the case', () => {
  const names = ['alpha', 'alpha.gguf', 'Fast'];
  expect(allowsModel(null, names)).toBe(true);
  expect(allowsModel({ models: null }, names)).toBe(true);
  expect(allowsModel({ models: ['fast'] }, names)).toBe(true);
  expect(allowsModel({ models: ['ALPHA.gguf'] }, names)).toBe(true);
  expect(allowsModel({ models: ['beta'] }, names)).toBe(false);
});
