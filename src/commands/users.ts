/** The person behind a call. */
import { CodedError } from '../contracts/errors.ts';
import type { User } from '../contracts/users.ts';
import { NOBODY } from './caller.ts';
import type { Caller, Principal } from './caller.ts';

/** The user of a call. Throws UNAUTHORIZED with `message` when it comes from nobody in particular, or with a key alone. */
export const userOf = (
  { principal }: Pick<Caller, 'principal'>,
  message = 'This needs a user: authenticate with a token; `llamactor token create --user NAME` makes one.',
): User => {
  const user = principal?.user ?? null;
  if (user === null) throw new CodedError('UNAUTHORIZED', message);
  return user;
};

/** Who reads: users, holders of keys and whoever is at this machine each have their own view of what is read. */
export interface Reader {
  /** "user:<id>", "key:<id>" or "local". */
  id: string;
  /** Whose own things they see; null is nobody's. */
  userId: string | null;
}

export const readerOfPrincipal = ({ key, user }: Principal): Reader => {
  if (user !== null) return { id: `user:${user.userId}`, userId: user.userId };
  return { id: key === null ? 'local' : `key:${key}`, userId: null };
};

export const readerOf = ({ principal = NOBODY }: Pick<Caller, 'principal'>): Reader => readerOfPrincipal(principal);
