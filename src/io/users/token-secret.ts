/** What users' tokens are signed with: `JWT_SECRET`, or a secret of the data folder that is made when it is first needed. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CodedError } from '../../contracts/errors.ts';
import { errnoOf } from '../processes/errno.ts';
import { replaceDurably } from '../store/durable-file.ts';
import { nodeFs } from '../store/store-fs.ts';

const FILE = 'jwt-secret';
/** As many random bits as the longest of the digests has. */
const SECRET_BYTES = 64;
/** RFC 7518, 3.2: a key of the digest's size or more; shorter ones can be found by trying. */
export const SAFE_LENGTH = 32;

/** The secret of the environment; an empty one is none. */
export const secretOfEnvironment = (env: Readonly<Record<string, string | undefined>>): string | null =>
  env['JWT_SECRET']?.trim() || null;

/** The secret in a data folder, or null. Throws INVALID_STATE for a file that can be no secret of ours. */
export const readTokenSecret = async (dataDir: string): Promise<string | null> => {
  const file = path.join(dataDir, FILE);
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
  if (text.length < SAFE_LENGTH) {
    throw new CodedError(
      'INVALID_STATE',
      `The secret in ${file} is damaged: remove that file to have a new one made, which ends all tokens signed before.`,
    );
  }
  return text;
};

/** The secret in a data folder, made if there is none. Whoever calls it holds the folder's lock. */
export const openTokenSecret = async (dataDir: string): Promise<string> => {
  const found = await readTokenSecret(dataDir);
  if (found !== null) return found;
  const made = randomBytes(SECRET_BYTES).toString('base64url');
  await replaceDurably(nodeFs, path.join(dataDir, FILE), `${made}\n`, { backup: false });
  return made;
};
