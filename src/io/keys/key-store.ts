/** `keys.json`: the keys of one data folder. Whoever opens it holds the folder's lock. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { CodedError } from '../../contracts/errors.ts';
import { SCOPES } from '../../contracts/keys.ts';
import type { CheckedKey, KeyView, Scope } from '../../contracts/keys.ts';
import { openDocument } from '../store/document.ts';
import { backupOf } from '../store/durable-file.ts';
import { digests, hintOf, newSecret } from './secret.ts';

const KeyRecord = z.object({
  id: z.string().min(1).max(64),
  name: z.string().min(1).max(64),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  hint: z.string().max(32),
  scopes: z.array(z.enum(SCOPES)).min(1),
  models: z.array(z.string().min(1)).nullable(),
  concurrency: z.int().min(1).nullable(),
  ratePerMinute: z.int().min(1).nullable(),
  createdAt: z.int(),
  expiresAt: z.int().nullable(),
  lastUsedAt: z.int().nullable(),
  /** Revoked and about to be removed: it counts no more, not even when this copy of the file is one day the last good one. */
  revoked: z.boolean().default(false),
});
type KeyRecord = z.infer<typeof KeyRecord>;

const KeysDocument = z.object({ keys: z.array(KeyRecord).default([]) });
type KeysDocument = z.infer<typeof KeysDocument>;

/** More keys than a person can look through are a mistake, such as a script that makes one at each start. */
const MOST_KEYS = 1000;

export interface NewKey {
  name: string;
  scopes: readonly Scope[];
  expiresAt: number | null;
  models: readonly string[] | null;
  concurrency: number | null;
  ratePerMinute: number | null;
}

export interface KeyStore {
  list(): KeyView[];
  /** For a keyring. */
  checked(): CheckedKey[];
  /**
   * Makes a key; resolves when it is durable. `secret` is the key and is nowhere else. Rejects with INVALID_STATE when the
   * name is taken or there are too many, with INVALID_PAYLOAD when it would have expired already.
   */
  create(wanted: NewKey): Promise<{ key: KeyView; secret: string }>;
  /** Removes a key by its id or name; resolves when neither the file nor its backup lets it in. NOT_FOUND for any other. */
  revoke(ref: string): Promise<{ id: string; name: string }>;
  /** Notes that keys were used, id → epoch ms. */
  noteUse(used: ReadonlyMap<string, number>): Promise<void>;
  close(): Promise<void>;
}

const viewOf = ({ hash: _hash, revoked: _revoked, ...view }: Readonly<KeyRecord>): KeyView => ({
  ...view,
  scopes: [...view.scopes],
  models: view.models === null ? null : [...view.models],
});

const checkedOf = (record: Readonly<KeyRecord>): CheckedKey => {
  const { id, name, hash, scopes, models, expiresAt, concurrency, ratePerMinute } = record;
  return { id, name, hash, scopes: [...scopes], models, expiresAt, concurrency, ratePerMinute };
};

const refuse = (keys: readonly KeyRecord[], { name, expiresAt }: NewKey, now: number): void => {
  if (keys.some((key) => key.name === name)) {
    throw new CodedError('INVALID_STATE', `There is a key named ${JSON.stringify(name)} already: choose another name.`);
  }
  if (keys.length >= MOST_KEYS)
    throw new CodedError(
      'INVALID_STATE',
      `There are ${MOST_KEYS} keys, which is the limit: revoke what is not needed.`,
    );
  if (expiresAt !== null && expiresAt <= now)
    throw new CodedError('INVALID_PAYLOAD', 'Invalid expiresAt: the key would have expired already.');
};

/** Opens `keys.json` in a data folder; `onDamaged` gets one sentence if it had to be set aside. */
export const openKeyStore = async (
  dataDir: string,
  { now, onDamaged }: { now: () => number; onDamaged: (message: string) => void },
): Promise<KeyStore> => {
  const document = await openDocument<KeysDocument>({
    path: path.join(dataDir, 'keys.json'),
    schema: KeysDocument,
    version: 1,
    defaults: () => ({ keys: [] }),
    onDamaged: (info) => onDamaged(info.message),
    now,
  });
  const valid = (): readonly KeyRecord[] => document.get().keys.filter((key) => !key.revoked);

  return {
    list: () => valid().map(viewOf),
    checked: () => valid().map(checkedOf),
    async create(wanted) {
      const secret = newSecret();
      const record: KeyRecord = {
        id: randomBytes(4).toString('hex'),
        name: wanted.name,
        hash: digests.of(secret),
        hint: hintOf(secret),
        scopes: SCOPES.filter((scope) => wanted.scopes.includes(scope)),
        models: wanted.models === null ? null : [...new Set(wanted.models)],
        concurrency: wanted.concurrency,
        ratePerMinute: wanted.ratePerMinute,
        createdAt: now(),
        expiresAt: wanted.expiresAt,
        lastUsedAt: null,
        revoked: false,
      };
      await document.update((draft) => {
        refuse(draft.keys, wanted, now());
        draft.keys.push(record);
      });
      return { key: viewOf(record), secret };
    },
    async revoke(ref) {
      const key = valid().find(({ id }) => id === ref) ?? valid().find(({ name }) => name === ref);
      if (key === undefined)
        throw new CodedError('NOT_FOUND', `There is no key ${JSON.stringify(ref)}; \`llamactor key list\` shows them.`);
      await document.update((draft) => {
        for (const each of draft.keys) if (each.id === key.id) each.revoked = true;
      });
      // A second write, so that the backup, which is the file before it, does not let the key in either.
      await document.update((draft) => {
        draft.keys = draft.keys.filter(({ id }) => id !== key.id);
      });
      return { id: key.id, name: key.name };
    },
    noteUse: (used) =>
      document.update((draft) => {
        for (const key of draft.keys) key.lastUsedAt = Math.max(key.lastUsedAt ?? 0, used.get(key.id) ?? 0) || null;
      }),
    close: () => document.close(),
  };
};

/** How many keys in a data folder let somebody in now; read without the lock, and nothing is changed. */
export const countKeys = async (dataDir: string, now: number): Promise<number> => {
  const file = path.join(dataDir, 'keys.json');
  for (const copy of [file, backupOf(file)]) {
    try {
      const { data } = z.object({ data: KeysDocument }).parse(JSON.parse(await readFile(copy, 'utf8')));
      return data.keys.filter(({ revoked, expiresAt }) => !revoked && (expiresAt === null || expiresAt > now)).length;
    } catch {
      // Missing or damaged: the server would use the backup, and so does this.
    }
  }
  return 0;
};
