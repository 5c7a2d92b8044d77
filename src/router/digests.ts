import { hash, timingSafeEqual } from 'node:crypto';
import type { Digests } from '../contracts/keys.ts';

/** About a microsecond per key; the same digests that the control plane stores (`src/io/keys/secret.ts`). */
export const digests: Digests = {
  of: (text) => hash('sha256', text, 'hex'),
  same: (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b)),
};
