/** Keys of the running server: what is stored, the keyring that both planes check by, and when each was last used. */
import type { By, Services } from '../commands/services.ts';
import { Keyring } from '../contracts/keys.ts';
import type { CheckedKey, KeyView } from '../contracts/keys.ts';
import type { ToRouter } from '../contracts/ipc.ts';
import type { LogLevel } from '../contracts/views.ts';
import type { KeyStore } from '../io/keys/key-store.ts';
import { digests, newSecret } from '../io/keys/secret.ts';
import type { ChangeHub } from './changes.ts';

export type KeyService = Services['keys'] & {
  readonly ring: Keyring;
  /** A key for what this server itself starts; it may infer, is stored nowhere and ends with the server. */
  own(): string;
  /** What the router has to know. */
  message(): Extract<ToRouter, { type: 'keys' }>;
  /** Takes over what the configuration says now. */
  refresh(by: By | null): void;
  /** A key was used just now; by id, or by name. It is on disk a minute later at most. */
  used(ref: string): void;
  close(): Promise<void>;
};

/** Use is worth a write now and then, not one per request. */
const NOTE_EVERY_MS = 60_000;
/** The longest time a timer can wait. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

export const createKeyService = (options: {
  store: KeyStore;
  required(): boolean;
  /** Keys of the server itself for the inference port; nobody sees them. */
  own?: readonly CheckedKey[];
  send(message: ToRouter): void;
  hub: ChangeHub;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}): KeyService => {
  const { store, hub, log, now } = options;
  const ring = new Keyring(digests);
  const uses = new Map<string, number>();
  /** Ids by id and by name. */
  let ids = new Map<string, string>();
  let noting: NodeJS.Timeout | null = null;
  let expiry: NodeJS.Timeout | null = null;

  const list = (): KeyView[] => store.list().map((key) => ({ ...key, lastUsedAt: uses.get(key.id) ?? key.lastUsedAt }));

  const secret = newSecret();
  const own: CheckedKey = {
    id: 'own',
    name: 'this server',
    hash: digests.of(secret),
    scopes: ['infer'],
    models: null,
    expiresAt: null,
    concurrency: null,
    ratePerMinute: null,
  };

  const message = (): Extract<ToRouter, { type: 'keys' }> => ({
    type: 'keys',
    required: ring.required,
    keys: [...store.checked(), own],
  });

  /** Calls are judged at their own time; the open sockets of a key that expires have to be told. */
  const watchExpiry = (): void => {
    if (expiry !== null) clearTimeout(expiry);
    const next = Math.min(
      ...store.list().map(({ expiresAt }) => (expiresAt !== null && expiresAt > now() ? expiresAt : Infinity)),
    );
    if (next === Infinity) return;
    expiry = setTimeout(() => apply(null), Math.min(next - now(), LONGEST_WAIT_MS)).unref();
  };

  const load = (): void => {
    const keys = store.checked();
    ring.replace(options.required(), keys);
    ids = new Map(
      keys.flatMap(
        ({ id, name }) =>
          [
            [name, id],
            [id, id],
          ] as const,
      ),
    );
    watchExpiry();
  };

  const apply = (by: By | null): void => {
    load();
    options.send(message());
    hub.publish({ kind: 'keys', keys: list(), required: ring.required, by });
  };

  const writeUses = async (): Promise<void> => {
    if (noting !== null) clearTimeout(noting);
    noting = null;
    if (uses.size === 0) return;
    const noted = new Map(uses);
    uses.clear();
    await store.noteUse(noted);
  };

  load();

  return {
    ring,
    list,
    required: () => ring.required,
    own: () => secret,
    message,
    async create(wanted, by) {
      const made = await store.create(wanted);
      apply(by);
      log(
        'info',
        'server',
        `Made the key ${made.key.name} (${made.key.id}) with the scope ${made.key.scopes.join(', ')}.`,
      );
      return made;
    },
    async revoke(ref, by) {
      const before = store.checked().length;
      try {
        const revoked = await store.revoke(ref);
        log('info', 'server', `Revoked the key ${revoked.name} (${revoked.id}).`);
        return revoked;
      } finally {
        // Even when only the first of its two writes succeeded, the key has ended.
        if (store.checked().length !== before) apply(by);
      }
    },
    refresh(by) {
      if (options.required() !== ring.required) apply(by);
    },
    used(ref) {
      const id = ids.get(ref);
      if (id === undefined) return;
      uses.set(id, now());
      noting ??= setTimeout(() => {
        writeUses().catch((error: unknown) => log('warn', 'server', `The use of keys was not noted: ${String(error)}`));
      }, NOTE_EVERY_MS).unref();
    },
    async close() {
      if (expiry !== null) clearTimeout(expiry);
      await writeUses().catch(() => undefined);
      await store.close();
    },
  };
};
