import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { KEY_PREFIX } from '../../contracts/keys.ts';
import type { Digests } from '../../contracts/keys.ts';

const SECRET_BYTES = 32;
const HINT_LENGTH = KEY_PREFIX.length + 4;

/** A new key: the prefix and 256 random bits in base64url. */
export const newSecret = (): string => KEY_PREFIX + randomBytes(SECRET_BYTES).toString('base64url');

/** What is shown of a key; the 232 bits that stay hidden are as good as all of them. */
export const hintOf = (secret: string): string => `${secret.slice(0, HINT_LENGTH)}…`;

/**
 * One round of SHA-256. Slow hashes protect passwords, which can be guessed; of 256 random bits there is nothing to guess,
 * and a slow hash would cost every request what this one does in a microsecond.
 */
export const digests: Digests = {
  of: (text) => hash('sha256', text, 'hex'),
  same: (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b)),
};
