/** Keys of a running server: who is told of a change, when an expiry takes effect, when use is written. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ToRouter } from '../../src/contracts/ipc.ts';
import type { DomainChange } from '../../src/commands/services.ts';
import { openKeyStore } from '../../src/io/keys/key-store.ts';
import { createKeyService } from '../../src/runtime/key-service.ts';
import type { KeyService } from '../../src/runtime/key-service.ts';

let folder: string;
let service: KeyService;
let required: boolean;
let sent: ToRouter[];
let changes: DomainChange[];
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'llamactor-keys-'));
  [required, sent, changes, lines] = [false, [], [], []];
  service = createKeyService({
    store: await openKeyStore(folder, { now: Date.now, onDamaged: () => undefined }),
    required: () => required,
    send: (message) => sent.push(message),
    hub: { publish: (change: DomainChange) => changes.push(change) } as never,
    log: (_level, _source, message) => lines.push(message),
    now: () => Date.now(),
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

/** The key by which the server itself asks at the inference port, for runs and agents. */
const OWN = { id: 'own', scopes: ['infer'] };

const wanted = (name: string, expiresAt: number | null = null) => ({
  name,
  scopes: ['infer' as const],
  expiresAt,
  models: null,
  concurrency: null,
  ratePerMinute: null,
});

it('a new key is in the keyring, at the router and announced when it is acknowledged, without its secret', async () => {
  const { key, secret } = await service.create(wanted('ana'), 'a:socket');
  expect(service.ring.identify(secret, Date.now())).toMatchObject({ kind: 'key', key: { id: key.id } });
  expect(sent).toMatchObject([{ type: 'keys', required: false, keys: [{ id: key.id, name: 'ana' }, OWN] }]);
  expect(changes).toMatchObject([{ kind: 'keys', keys: [{ id: key.id }], by: 'a:socket' }]);
  expect(JSON.stringify([sent, changes, lines])).not.toContain(secret);
  expect(JSON.stringify(changes)).not.toContain('hash');
});

it('a revoked key is nowhere when it is acknowledged; an unknown one is no change', async () => {
  const { secret } = await service.create(wanted('ana'), 'test');
  await service.revoke('ana', 'test');
  expect(service.ring.identify(secret, Date.now()).kind).toBe('refused');
  expect(sent.at(-1)).toMatchObject({ type: 'keys', required: false, keys: [OWN] });
  await expect(service.revoke('ana', 'test')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(sent).toHaveLength(2);
});

it('the configuration is taken over when it says otherwise than before', () => {
  service.refresh('test');
  expect(sent).toEqual([]);
  required = true;
  service.refresh('test');
  expect(service.ring.required).toBe(true);
  expect(sent).toMatchObject([{ type: 'keys', required: true, keys: [OWN] }]);
});

it('an expiry is told when it comes', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  await service.create(wanted('ana', Date.now() + 30), 'test');
  expect(changes).toHaveLength(1);
  vi.advanceTimersByTime(31);
  expect(changes).toHaveLength(2);
  expect(changes[1]).toMatchObject({ kind: 'keys', by: null });
});

it('use is seen at once and written at the end at the latest', async () => {
  const ana = await service.create(wanted('ana'), 'test');
  await service.create(wanted('bo'), 'test');
  service.used('ana');
  service.used('nobody');
  expect(service.list().map(({ lastUsedAt }) => lastUsedAt !== null)).toEqual([true, false]);
  await service.close();
  const again = await openKeyStore(folder, { now: Date.now, onDamaged: () => undefined });
  expect(again.list().find(({ id }) => id === ana.key.id)?.lastUsedAt).toBeGreaterThan(0);
});
