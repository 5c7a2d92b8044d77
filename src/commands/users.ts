/** The person behind a call. */
import { CodedError } from '../contracts/errors.ts';
import type { User } from '../contracts/users.ts';
import type { Caller } from './caller.ts';

/** The user of a call. Throws UNAUTHORIZED with `message` when it comes from nobody in particular, or with a key alone. */
export const userOf = (
  { principal }: Pick<Caller, 'principal'>,
  message = 'This needs a user: authenticate with a token; `llamactor token create --user NAME` makes one.',
): User => {
  const user = principal?.user ?? null;
  if (user === null) throw new CodedError('UNAUTHORIZED', message);
  return user;
};
