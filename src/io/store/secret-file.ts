/** A secret of the data folder in a file of its own, made when it is first needed, for nobody else to read. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CodedError } from '../../contracts/errors.ts';
import { errnoOf } from '../processes/errno.ts';
import { replaceDurably } from './durable-file.ts';
import { nodeFs } from './store-fs.ts';

export interface SecretFile {
  /** Name in the data folder. */
  name: string;
  /** Shorter ones were cut off. */
  leastLength: number;
  /** What ends with the secret, for the sentence that says how to get a new one. */
  ends: string;
  make(): string;
}

/** The secret, or null. Throws INVALID_STATE for a file that can be no secret of ours. */
export const readSecret = async (dataDir: string, { name, leastLength, ends }: SecretFile): Promise<string | null> => {
  const file = path.join(dataDir, name);
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
  if (text.length < leastLength) {
    throw new CodedError(
      'INVALID_STATE',
      `The secret in ${file} is damaged: remove that file to have a new one made, which ends ${ends}.`,
    );
  }
  return text;
};

/** The secret, made if there is none. Whoever calls it holds the folder's lock. */
export const openSecret = async (dataDir: string, secret: SecretFile): Promise<string> => {
  const found = await readSecret(dataDir, secret);
  if (found !== null) return found;
  const made = secret.make();
  await replaceDurably(nodeFs, path.join(dataDir, secret.name), `${made}\n`, { backup: false });
  return made;
};
