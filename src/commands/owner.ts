/** Whose something is. */
import type { Caller, Principal } from './caller.ts';
import type { RunOwner } from './services.ts';

/** A key's holder, or whoever reaches a server that asks for none: the person at this machine. */
export const ownerOf = ({ key }: Principal): RunOwner => (key === null ? 'local' : `key:${key}`);

export const ownerOfCall = ({ principal = { key: null } }: Caller): RunOwner => ownerOf(principal);
