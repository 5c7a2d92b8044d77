/** Whose something is. */
import { NOBODY } from './caller.ts';
import type { Caller, Principal } from './caller.ts';
import type { RunOwner } from './services.ts';

/** A user, the holder of a key, or whoever reaches a server that asks for neither: the person at this machine. */
export const ownerOf = ({ key, user }: Principal): RunOwner => {
  if (user !== null) return `user:${user.userId}`;
  return key === null ? 'local' : `key:${key}`;
};

export const ownerOfCall = ({ principal = NOBODY }: Caller): RunOwner => ownerOf(principal);
