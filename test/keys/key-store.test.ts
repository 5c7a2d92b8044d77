/** `keys.json`: what is durable, what is never there, and what a damaged file cannot bring back. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countKeys, openKeyStore } from '../../src/io/keys/key-store.ts';
import type { KeyStore, NewKey } from '../../src/io/keys/key-store.ts';
import { digests } from '../../src/io/keys/secret.ts';

let folder: string;
let damaged: string[];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'llamactor-keys-'));
  damaged = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const NOW = 1_800_000_000_000;
const open = (): Promise<KeyStore> => openKeyStore(folder, { now: () => NOW, onDamaged: (text) => damaged.push(text) });
const wanted = (name: string, over: Partial<NewKey> = {}): NewKey => ({
  name,
  scopes: ['infer'],
  expiresAt: null,
  models: null,
  concurrency: null,
  ratePerMinute: null,
  ...over,
});
const file = (name = 'keys.json'): string => path.join(folder, name);

describe('making a key', () => {
  it('shows it once and stores only its digest, for nobody else to read', async () => {
    const store = await open();
    const { key, secret } = await store.create(
      wanted('ana', { scopes: ['admin', 'infer', 'infer'], models: null, concurrency: 2, ratePerMinute: 60 }),
    );
    expect(key).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
      name: 'ana',
      hint: `${secret.slice(0, 8)}…`,
      scopes: ['infer', 'admin'],
      models: null,
      concurrency: 2,
      ratePerMinute: 60,
      createdAt: NOW,
      expiresAt: null,
      lastUsedAt: null,
    });
    const text = await readFile(file(), 'utf8');
    expect(text).not.toContain(secret);
    expect(text).toContain(digests.of(secret));
    expect((await stat(file())).mode & 0o077).toBe(0);
    expect(JSON.stringify(store.list())).not.toContain(digests.of(secret));
    // Without closing, as after kill -9.
    expect((await open()).checked()).toMatchObject([{ hash: digests.of(secret), id: key.id }]);
  });

  it('refuses a name that is taken and a time that has passed, and stores nothing then', async () => {
    const store = await open();
    await store.create(wanted('ana'));
    await expect(store.create(wanted('ana'))).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await expect(store.create(wanted('late', { expiresAt: NOW }))).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    expect(store.list()).toHaveLength(1);
  });

  it('two at once with one name are one', async () => {
    const store = await open();
    const both = await Promise.allSettled([store.create(wanted('ana')), store.create(wanted('ana'))]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(store.list()).toHaveLength(1);
  });
});

describe('revoking a key', () => {
  it('by id or name; neither the file nor its backup has it any more', async () => {
    const store = await open();
    const ana = await store.create(wanted('ana'));
    await store.create(wanted('bo'));
    expect(await store.revoke('ana')).toEqual({ id: ana.key.id, name: 'ana' });
    expect(store.checked().map(({ name }) => name)).toEqual(['bo']);
    await expect(store.revoke('ana')).rejects.toMatchObject({ code: 'NOT_FOUND' });

    await writeFile(file(), '{ damaged');
    const again = await open();
    expect(damaged).toHaveLength(1);
    expect(again.list().map(({ name }) => name)).toEqual(['bo']);
    expect(again.checked().map(({ name }) => name)).toEqual(['bo']);
  });
});

it('use is kept, and never goes back', async () => {
  const store = await open();
  const { key } = await store.create(wanted('ana'));
  await store.create(wanted('bo'));
  await store.noteUse(new Map([[key.id, NOW + 5]]));
  await store.noteUse(new Map([[key.id, NOW + 1]]));
  expect(store.list().map(({ lastUsedAt }) => lastUsedAt)).toEqual([NOW + 5, null]);
});

it('keys are counted from outside as the server would count them', async () => {
  expect(await countKeys(folder, NOW)).toBe(0);
  const store = await open();
  await store.create(wanted('ana', { expiresAt: NOW + 10 }));
  await store.create(wanted('bo'));
  await store.create(wanted('cy'));
  await store.revoke('cy');
  expect(await countKeys(folder, NOW)).toBe(2);
  expect(await countKeys(folder, NOW + 10)).toBe(1);
  await writeFile(file(), 'x');
  expect(await countKeys(folder, NOW)).toBe(2);
});
