import { CodedError } from '../contracts/errors.ts';
import type { Caller } from './caller.ts';
import type { Connection } from './services.ts';

/** The caller's socket. Throws INVALID_STATE over a transport that has none. */
export const connectionOf = (caller: Caller): Connection => {
  if (caller.connection !== undefined) return caller.connection;
  throw new CodedError(
    'INVALID_STATE',
    'This command subscribes a socket; call it over Socket.IO, in the main namespace.',
  );
};
