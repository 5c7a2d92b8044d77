import path from 'node:path';
import { CodedError } from '../../contracts/errors.ts';
import { diskError } from './disk-error.ts';
import { takeLock } from './numbered-lock.ts';
import type { NumberedLock } from './numbered-lock.ts';

export type DataDirLock = NumberedLock;

/**
 * Takes the data folder for this process. A lock whose holder has ended, even by kill -9, is taken over at once.
 * Throws CodedError: INVALID_STATE naming pid and folder when another server holds it, TIMEOUT when nobody can say who does,
 * INTERNAL when the folder cannot be written.
 */
export const lockDataDir = async (dir: string): Promise<DataDirLock> => {
  const taken = await takeLock(path.join(dir, 'lock')).catch((error: unknown) => {
    throw diskError(`The data folder ${dir} cannot be written`, error);
  });
  if (taken === null) throw new CodedError('TIMEOUT', `The lock of ${dir} could not be judged in time; try again.`);
  if (typeof taken !== 'number') return taken;
  throw new CodedError(
    'INVALID_STATE',
    `Another Llamactor server (process ${taken}) already uses the folder ${dir}: stop it, or choose another folder with --data-dir.`,
    { details: { pid: taken, dir } },
  );
};
