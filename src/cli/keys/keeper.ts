/** Keys through the server, or, where none runs, in its data folder. */
import { mkdir } from 'node:fs/promises';
import { ServerUnreachableError } from '../../client/index.ts';
import type { LlamactorClient } from '../../client/index.ts';
import { newKey } from '../../contracts/commands/keys.ts';
import type { CommandInput } from '../../contracts/commands.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { KeyView } from '../../contracts/keys.ts';
import { openKeyStore } from '../../io/keys/key-store.ts';
import { lockDataDir } from '../../io/store/data-dir-lock.ts';
import { resolveDataDir } from '../data-dir.ts';
import { UsageError } from '../exit.ts';
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

/** The lock shows that a server has the folder, although none answers where it was looked for. */
const heldBy = (error: unknown, session: Session): unknown =>
  error instanceof CodedError && error.code === 'INVALID_STATE'
    ? new CodedError(
        'INVALID_STATE',
        `${error.message} Or name that server with --url, since none answers at ${session.url}.`,
      )
    : error;

const inFolder = async <T>(session: Session, dataDir: string, work: (keeper: KeyKeeper) => Promise<T>): Promise<T> => {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = await lockDataDir(dataDir).catch((error: unknown) => {
    throw heldBy(error, session);
  });
  try {
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
  } finally {
    await lock.release();
  }
};

/**
 * Runs `work` with the keys of the server at the session's address. When no address was named and nothing answers at the usual
 * one, or when a folder is named, the keys are those of the data folder, under its lock: the first key has to be made before
 * a server that needs one can start.
 */
export const withKeys = async <T>(
  session: Session,
  dataDir: string | undefined,
  work: (keeper: KeyKeeper) => Promise<T>,
): Promise<T> => {
  const { env, platform, homedir, cwd } = session.io;
  const folder = (): string => resolveDataDir(dataDir, { env, platform, homedir, cwd });
  if (dataDir !== undefined) return inFolder(session, folder(), work);
  let client: LlamactorClient;
  try {
    client = await session.connect();
  } catch (error) {
    if (!(error instanceof ServerUnreachableError) || session.urlGiven) throw error;
    session.note(`No server answers at ${session.url}; working on the data folder ${folder()}.`);
    return inFolder(session, folder(), work);
  }
  return work(throughServer(client));
};
