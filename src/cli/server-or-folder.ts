/** Where a command works that has to work before any server can run: through a server, or in a data folder. */
import { mkdir } from 'node:fs/promises';
import { ServerUnreachableError } from '../client/index.ts';
import type { LlamactorClient } from '../client/index.ts';
import { CodedError } from '../contracts/errors.ts';
import { lockDataDir } from '../io/store/data-dir-lock.ts';
import { resolveDataDir } from './data-dir.ts';
import type { Session } from './session.ts';

/** The lock shows that a server has the folder, although none answers where it was looked for. */
const heldBy = (error: unknown, session: Session): unknown =>
  error instanceof CodedError && error.code === 'INVALID_STATE'
    ? new CodedError(
        'INVALID_STATE',
        `${error.message} Or name that server with --url, since none answers at ${session.url}.`,
      )
    : error;

/** Runs `work` under the lock of a data folder, which is made if it is not there. */
export const inLockedFolder = async <T>(session: Session, dataDir: string, work: () => Promise<T>): Promise<T> => {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = await lockDataDir(dataDir).catch((error: unknown) => {
    throw heldBy(error, session);
  });
  try {
    return await work();
  } finally {
    await lock.release();
  }
};

/**
 * The server at the session's address, or a data folder: the one that `dataDir` names, or the usual one when no address was
 * named and nothing answers at the usual address.
 */
export const serverOrFolder = async <T>(
  session: Session,
  dataDir: string | undefined,
  ways: { throughServer(client: LlamactorClient): Promise<T>; inFolder(folder: string): Promise<T> },
): Promise<T> => {
  const { env, platform, homedir, cwd } = session.io;
  const folder = resolveDataDir(dataDir, { env, platform, homedir, cwd });
  if (dataDir !== undefined) return ways.inFolder(folder);
  let client: LlamactorClient;
  try {
    client = await session.connect();
  } catch (error) {
    if (!(error instanceof ServerUnreachableError) || session.urlGiven) throw error;
    session.note(`No server answers at ${session.url}; working on the data folder ${folder}.`);
    return ways.inFolder(folder);
  }
  return ways.throughServer(client);
};
