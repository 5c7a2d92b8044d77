/** `tokens:*`: tokens that say who a person is. */
import { newToken } from '../users.ts';
import type { User } from '../users.ts';
import { returns } from './define.ts';

export const tokensCommands = {
  'tokens:create': returns<{ token: string; user: User }>()(
    'admin',
    newToken,
    'Signs a token for a user; it is kept nowhere, and counts until it expires or the secret changes.',
  ),
} as const;
