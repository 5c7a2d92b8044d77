/** Keys through the server, or, where none runs, in its data folder. */
import type { LlamactorClient } from '../../client/index.ts';
import { newKey } from '../../contracts/commands/keys.ts';
import type { CommandInput } from '../../contracts/commands.ts';
import type { KeyView } from '../../contracts/keys.ts';
import { openKeyStore } from '../../io/keys/key-store.ts';
import { UsageError } from '../exit.ts';
import { inLockedFolder, serverOrFolder } from '../server-or-folder.ts';
import type { Session } from '../session.ts';

export type WantedKey = CommandInput<'keys:create'>;

export interface KeyKeeper {
  create(wanted: WantedKey): Promise<{ key: KeyView; secret: string }>;
  list(): Promise<KeyView[]>;
  revoke(ref: string): Promise<{ revoked: string; name: string }>;
}

const throughServer = (client: LlamactorClient): KeyKeeper => ({
  create: (wanted) => client.call('keys:create', wanted),
  list: async () => (await client.call('keys:list', {})).keys,
  revoke: (id) => client.call('keys:revoke', { id }),
});

const inFolder = async <T>(session: Session, dataDir: string, work: (keeper: KeyKeeper) => Promise<T>): Promise<T> => {
  const store = await openKeyStore(dataDir, { now: Date.now, onDamaged: session.note });
  try {
    return await work({
      create: (wanted) => {
        const checked = newKey.safeParse(wanted);
        if (!checked.success) {
          const [issue] = checked.error.issues;
          throw new UsageError(`Invalid ${issue?.path.join('.') ?? 'key'}: ${issue?.message ?? 'wrong shape'}.`);
        }
        return store.create(checked.data);
      },
      list: () => Promise.resolve(store.list()),
      revoke: async (ref) => {
        const { id, name } = await store.revoke(ref);
        return { revoked: id, name };
      },
    });
  } finally {
    await store.close();
  }
};

/**
 * Runs `work` with the keys of the server at the session's address. When no address was named and nothing answers at the usual
 * one, or when a folder is named, the keys are those of the data folder, under its lock: the first key has to be made before
 * a server that needs one can start.
 */
export const withKeys = <T>(
  session: Session,
  dataDir: string | undefined,
  work: (keeper: KeyKeeper) => Promise<T>,
): Promise<T> =>
  serverOrFolder(session, dataDir, {
    throughServer: (client) => work(throughServer(client)),
    inFolder: (folder) => inLockedFolder(session, folder, () => inFolder(session, folder, work)),
  });
