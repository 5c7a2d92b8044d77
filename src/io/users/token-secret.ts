/** What users' tokens are signed with: `JWT_SECRET`, or a secret of the data folder. */
import { randomBytes } from 'node:crypto';
import { openSecret, readSecret } from '../store/secret-file.ts';
import type { SecretFile } from '../store/secret-file.ts';

/** RFC 7518, 3.2: a key of the digest's size or more; shorter ones can be found by trying. */
export const SAFE_LENGTH = 32;

const FILE: SecretFile = {
  name: 'jwt-secret',
  leastLength: SAFE_LENGTH,
  ends: 'all tokens signed before',
  // As many random bytes as the longest of the digests has.
  make: () => randomBytes(64).toString('base64url'),
};

/** The secret of the environment; an empty one is none. */
export const secretOfEnvironment = (env: Readonly<Record<string, string | undefined>>): string | null =>
  env['JWT_SECRET']?.trim() || null;

export const readTokenSecret = (dataDir: string): Promise<string | null> => readSecret(dataDir, FILE);

export const openTokenSecret = (dataDir: string): Promise<string> => openSecret(dataDir, FILE);
